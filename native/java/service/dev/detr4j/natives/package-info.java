/** The service by which the loader finds the C library in a named module. */
@NullMarked
package dev.detr4j.natives;

import org.jspecify.annotations.NullMarked;
