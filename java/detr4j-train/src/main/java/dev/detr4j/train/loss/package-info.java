/** The losses of the DETR family and their gradients by logits and boxes. */
@NullMarked
package dev.detr4j.train.loss;

import org.jspecify.annotations.NullMarked;
