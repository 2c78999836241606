/** What a detector is made of, and what a session of it holds. */
@NullMarked
package dev.detr4j.session;

import org.jspecify.annotations.NullMarked;
