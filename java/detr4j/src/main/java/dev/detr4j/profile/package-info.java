/** What a profile of a call tells: the time of each step, and the values of each stage. */
@NullMarked
package dev.detr4j.profile;

import org.jspecify.annotations.NullMarked;
