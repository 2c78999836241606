/**
 * What a recording of the JDK Flight Recorder sees of detr4j.
 *
 * <p>Until a recording has been started, no event is made and no event class is loaded: {@link
 * Recorder} says why. Events that are begun anew for each call or step are made once, for their
 * session or program, and used again. {@code docs/profiling.md} lists them for users.
 */
@NullMarked
package dev.detr4j.event;

import org.jspecify.annotations.NullMarked;
