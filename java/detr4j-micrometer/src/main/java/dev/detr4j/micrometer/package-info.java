/** Metrics of a detector's calls for Micrometer. */
@NullMarked
package dev.detr4j.micrometer;

import org.jspecify.annotations.NullMarked;
