/** Families of detectors side by side: published accuracy over measured time. */
@NullMarked
package dev.detr4j.bench.family;

import org.jspecify.annotations.NullMarked;
