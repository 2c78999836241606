/**
 * Benchmarks of single kernels at the sizes that they have in an image of 1x3x800x1066, and their
 * comparison with peers.
 *
 * <p>A {@link dev.detr4j.bench.kernel.KernelCase} is an operation with its inputs by formula. The
 * JMH benchmarks run it on one backend; {@link dev.detr4j.bench.kernel.CompareKernels} runs it on
 * ours and on a peer in turn; the tests run each on every backend and compare the results.
 */
@NullMarked
package dev.detr4j.bench.kernel;

import org.jspecify.annotations.NullMarked;
