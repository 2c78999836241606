/** Bindings of the native library and its loader. */
@NullMarked
package dev.detr4j.ffi;

import org.jspecify.annotations.NullMarked;
