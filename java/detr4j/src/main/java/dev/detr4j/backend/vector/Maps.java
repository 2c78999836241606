package dev.detr4j.backend.vector;

import dev.detr4j.backend.BoundNode;

/**
 * The maps of a convolution or linear layer.
 *
 * @param batch items of each
 * @param residual may be {@link Rows#none()}
 */
record Maps(int batch, Rows x, Rows residual, Rows out) {
  /** The maps of a node whose first input is x, and whose second is the residual if it has one. */
  static Maps of(BoundNode node, boolean hasResidual) {
    return new Maps(
        node.output(0).batch(),
        Rows.of(node.input(0)),
        hasResidual ? Rows.of(node.input(1)) : Rows.none(),
        Rows.of(node.output(0)));
  }
}
