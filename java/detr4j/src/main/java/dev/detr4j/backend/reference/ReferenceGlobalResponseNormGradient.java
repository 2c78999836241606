package dev.detr4j.backend.reference;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.op.GlobalResponseNorm;
import dev.detr4j.op.gradient.GlobalResponseNormGradient;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** {@link GlobalResponseNormGradient} in one tile. */
final class ReferenceGlobalResponseNormGradient implements HostOp<GlobalResponseNormGradient> {
  private final HeapWeights weights;

  ReferenceGlobalResponseNormGradient(HeapWeights weights) {
    this.weights = weights;
  }

  @Override
  public List<HostKernel> bind(
      GlobalResponseNormGradient op, BoundNode node, HostContext context, MemorySegment workspace) {
    GlobalResponseNorm of = op.of();
    float[] weight = weights.plain(node.weight(0));
    Elements x = new Elements(node.input(0));
    Elements dy = new Elements(node.input(1));
    Elements dx = new Elements(node.output(0));
    WeightSums sums = new WeightSums(node, 2);
    int batch = node.input(0).batch();
    long rows = node.input(0).rows();
    return List.of(
        TiledLoop.of(
            1,
            (tile, scratch) -> {
              double[][] total = new double[2][of.channels()];
              for (int item = 0; item < batch; item++) {
                item(of, weight, x, dy, dx, item, rows, total);
              }
              sums.add(total);
            }));
  }

  private static void item(
      GlobalResponseNorm of,
      float[] weight,
      Elements x,
      Elements dy,
      Elements dx,
      int item,
      long rows,
      double[][] total) {
    int channels = of.channels();
    double[] norm = new double[channels];
    double[] product = new double[channels];
    double mean = 0;
    for (int c = 0; c < channels; c++) {
      for (long row = 0; row < rows; row++) {
        double value = x.f32(item, row, c);
        norm[c] += value * value;
        product[c] += dy.f32(item, row, c) * value;
        total[1][c] += dy.f32(item, row, c);
      }
      norm[c] = Math.sqrt(norm[c]);
      mean += norm[c] / channels;
    }
    double divisor = mean + of.epsilon();
    double shared = 0;
    for (int c = 0; c < channels; c++) {
      total[0][c] += product[c] * norm[c] / divisor;
      shared += weight[c] * product[c] * norm[c] / divisor / channels;
    }
    for (int c = 0; c < channels; c++) {
      double back = norm[c] == 0 ? 0 : (weight[c] * product[c] - shared) / divisor / norm[c];
      double direct = 1 + weight[c] * norm[c] / divisor;
      for (long row = 0; row < rows; row++) {
        dx.f32(item, row, c, (float) (dy.f32(item, row, c) * direct + x.f32(item, row, c) * back));
      }
    }
  }
}
