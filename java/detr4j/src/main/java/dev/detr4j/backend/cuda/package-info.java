/**
 * The backend on the CUDA library: the whole model on one device, one class an operation.
 *
 * <p>An operation fills its parameter struct once, when a node is bound. A program records its
 * nodes and is replayed in one downcall. {@link dev.detr4j.backend.cuda.VerifiedKernels} says which
 * kernels have run on a GPU; the tests run them on an emulated device.
 */
@NullMarked
package dev.detr4j.backend.cuda;

import org.jspecify.annotations.NullMarked;
