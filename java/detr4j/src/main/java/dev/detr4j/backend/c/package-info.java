/**
 * The backend on the C library: one class for each operation, which fills the library's parameter
 * struct once, when a node is bound, and names the functions to call for its tiles.
 *
 * <p>To add an operation: its functions in native/include/detr4j.h and native/src/kernels, {@code
 * jextract/generate.sh}, a class here, a line in {@link dev.detr4j.backend.c.CBackendProvider}.
 */
@NullMarked
package dev.detr4j.backend.c;

import org.jspecify.annotations.NullMarked;
