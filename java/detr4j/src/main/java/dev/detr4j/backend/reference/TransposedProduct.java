package dev.detr4j.backend.reference;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostKernel;
import java.util.ArrayList;
import java.util.List;

/**
 * Products that sum over rows, {@code sum[o][k] += dz[row][o] x[row][k]}: the gradients by the
 * weights of linear layers and convolutions.
 */
final class TransposedProduct {
  /** Output channels that share one walk over the rows. */
  private static final int CHANNELS = 16;

  /** Takes one row. */
  @FunctionalInterface
  interface Visitor {
    /**
     * Adds a row.
     *
     * @param product whether the row counts in the product; in the sum of dz it always does
     */
    void visit(Elements dz, int item, long row, double[] x, boolean product);
  }

  /** Walks over all rows, for the channels of one group. */
  @FunctionalInterface
  interface Walk {
    /** Calls the visitor for each row. */
    void over(int group, Visitor visitor);
  }

  private TransposedProduct() {}

  /**
   * The kernel.
   *
   * @param sums the input from which on the sums stand: of the weight, then of the bias if the node
   *     has two outputs
   * @param channels output channels
   * @param groupChannels those of a group
   * @param depth numbers of a row of x
   */
  static List<HostKernel> bind(
      BoundNode node, int sums, int channels, int groupChannels, int depth, Walk walk) {
    Elements before = new Elements(node.input(sums));
    Elements after = new Elements(node.output(0));
    Elements biasBefore = node.outputs().size() == 2 ? new Elements(node.input(sums + 1)) : null;
    Elements biasAfter = node.outputs().size() == 2 ? new Elements(node.output(1)) : null;
    List<int[]> blocks = new ArrayList<>();
    for (int first = 0; first < channels; ) {
      int end = Math.min(first + CHANNELS, (first / groupChannels + 1) * groupChannels);
      blocks.add(new int[] {first, end});
      first = end;
    }
    return List.of(
        TiledLoop.of(
            blocks.size(),
            (tile, scratch) -> {
              int first = blocks.get(tile)[0];
              int count = blocks.get(tile)[1] - first;
              double[][] total = new double[count][depth];
              double[] bias = new double[count];
              walk.over(
                  first / groupChannels,
                  (dz, item, row, x, product) -> {
                    for (int o = 0; o < count; o++) {
                      double factor = dz.f32(item, row, first + o);
                      bias[o] += factor;
                      if (product) {
                        add(total[o], factor, x);
                      }
                    }
                  });
              for (int o = 0; o < count; o++) {
                for (int k = 0; k < depth; k++) {
                  int at = (first + o) * depth + k;
                  after.f32(0, 0, at, (float) (before.f32(0, 0, at) + total[o][k]));
                }
                if (biasBefore != null && biasAfter != null) {
                  int at = first + o;
                  biasAfter.f32(0, 0, at, (float) (biasBefore.f32(0, 0, at) + bias[o]));
                }
              }
            }));
  }

  private static void add(double[] sums, double factor, double[] x) {
    for (int k = 0; k < sums.length; k++) {
      sums[k] += factor * x[k];
    }
  }
}
