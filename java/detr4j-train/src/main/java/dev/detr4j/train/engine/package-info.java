/**
 * What a training step runs on: weights that change, the sums of their gradients, plans for each
 * size, and the optimizer. It knows no loss: the caller reads predictions and writes gradients.
 */
@NullMarked
package dev.detr4j.train.engine;

import org.jspecify.annotations.NullMarked;
