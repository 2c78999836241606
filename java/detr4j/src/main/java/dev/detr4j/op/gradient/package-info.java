/**
 * Operations that a training graph has beside those of the model: gradients of operations, by input
 * and by weight. {@code model.gradient} says where each stands.
 *
 * <p>A gradient by a weight adds up over the images of a batch: its operation takes the sum so far
 * as an input and writes the new sum, which may be the same memory.
 */
@NullMarked
package dev.detr4j.op.gradient;

import org.jspecify.annotations.NullMarked;
