/**
 * The backend on the CUDA library: the whole model on one device, one class an operation.
 *
 * <p>An operation fills its parameter struct once, when a node is bound. A program records its
 * nodes and is replayed in one downcall. So far the backend runs on the emulated library alone,
 * where {@code detr4j.cuda} asks for it; its kernels have not run on a device.
 */
@NullMarked
package dev.detr4j.backend.cuda;

import org.jspecify.annotations.NullMarked;
