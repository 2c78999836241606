/** Benchmarks of single kernels. */
@NullMarked
package dev.detr4j.bench.kernel;

import org.jspecify.annotations.NullMarked;
