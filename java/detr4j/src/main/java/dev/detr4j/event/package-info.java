/**
 * What a recording of the JDK Flight Recorder sees of detr4j.
 *
 * <p>Events that are begun anew for each call or step are made once, by their session or program,
 * and used again: so they cost nothing and allocate nothing while nobody records. {@code
 * docs/profiling.md} lists them for users.
 */
@NullMarked
package dev.detr4j.event;

import org.jspecify.annotations.NullMarked;
