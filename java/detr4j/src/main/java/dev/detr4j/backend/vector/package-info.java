/**
 * Every operation on {@code jdk.incubator.vector}: pure Java at the speed of the vector unit.
 *
 * <p>The classes mirror the C kernels of the same names. Memory is reached by absolute address
 * through one constant segment ({@link dev.detr4j.backend.vector.Memory}), the species is one
 * constant ({@link dev.detr4j.backend.vector.Lanes}): C2 compiles vector code well only when both
 * are constants. Sums over the lanes of a vector go through {@link
 * dev.detr4j.backend.vector.AcrossLanes}, so that a result does not depend on what was compiled
 * when. Where the module is missing, only {@link dev.detr4j.backend.vector.VectorBackendProvider},
 * {@link dev.detr4j.backend.vector.VectorJvm}, {@link dev.detr4j.backend.vector.VectorPeakMeter}
 * and {@link dev.detr4j.backend.vector.VectorWidth} may be touched.
 */
@NullMarked
package dev.detr4j.backend.vector;

import org.jspecify.annotations.NullMarked;
