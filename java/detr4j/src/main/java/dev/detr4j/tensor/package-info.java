/** Shapes, placed tensors and weights; depends on nothing. */
@NullMarked
package dev.detr4j.tensor;

import org.jspecify.annotations.NullMarked;
