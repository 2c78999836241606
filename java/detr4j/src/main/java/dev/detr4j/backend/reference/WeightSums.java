package dev.detr4j.backend.reference;

import dev.detr4j.backend.BoundNode;

/** The sums of the gradients of a normalisation's weight and bias. */
final class WeightSums {
  private final Elements[] before;
  private final Elements[] after;

  /**
   * Those of a node whose outputs 1 and 2 they are.
   *
   * @param first the input from which on they stand
   */
  WeightSums(BoundNode node, int first) {
    before = new Elements[] {new Elements(node.input(first)), new Elements(node.input(first + 1))};
    after = new Elements[] {new Elements(node.output(1)), new Elements(node.output(2))};
  }

  /** Adds to all channels. */
  void add(double[][] total) {
    for (int i = 0; i < 2; i++) {
      for (int c = 0; c < total[i].length; c++) {
        add(i, c, total[i][c]);
      }
    }
  }

  /** Adds to one channel of the weight (0) or the bias (1). */
  void add(int which, int channel, double more) {
    after[which].f32(0, 0, channel, (float) (before[which].f32(0, 0, channel) + more));
  }
}
