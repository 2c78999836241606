/** What a detector says of its model: where it is from, what it is, and what was assumed of it. */
@NullMarked
package dev.detr4j.model.description;

import org.jspecify.annotations.NullMarked;
