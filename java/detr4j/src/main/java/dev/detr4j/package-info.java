/** The public API: detectors, their input and output, and the errors they report. */
@NullMarked
package dev.detr4j;

import org.jspecify.annotations.NullMarked;
