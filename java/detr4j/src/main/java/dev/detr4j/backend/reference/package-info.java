/**
 * The oracle: every operation as plain loops with double accumulation, sharing no code with what it
 * checks.
 *
 * <p>Slow on purpose, but able to run whole models on small images. Unlike the kernels of the other
 * backends these keep their intermediate sums in heap arrays, one set for each thread, made on
 * first use.
 */
@NullMarked
package dev.detr4j.backend.reference;

import org.jspecify.annotations.NullMarked;
