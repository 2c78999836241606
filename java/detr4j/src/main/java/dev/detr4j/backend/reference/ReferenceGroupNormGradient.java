package dev.detr4j.backend.reference;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.op.GroupNorm;
import dev.detr4j.op.gradient.GroupNormGradient;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** {@link GroupNormGradient}, one group of all batch items a tile. */
final class ReferenceGroupNormGradient implements HostOp<GroupNormGradient> {
  private final HeapWeights weights;

  ReferenceGroupNormGradient(HeapWeights weights) {
    this.weights = weights;
  }

  @Override
  public List<HostKernel> bind(
      GroupNormGradient op, BoundNode node, HostContext context, MemorySegment workspace) {
    GroupNorm of = op.of();
    float[] weight = weights.plain(node.weight(0));
    Elements x = new Elements(node.input(0));
    Elements dy = new Elements(node.input(1));
    Elements dx = new Elements(node.output(0));
    WeightSums sums = new WeightSums(node, 2);
    int batch = node.input(0).batch();
    long rows = node.input(0).rows();
    int channels = of.channels() / of.groups();
    return List.of(
        TiledLoop.of(
            of.groups(),
            (group, scratch) -> {
              int first = group * channels;
              double[][] total = new double[2][channels];
              for (int item = 0; item < batch; item++) {
                item(of, weight, x, dy, dx, item, rows, first, total);
              }
              for (int c = 0; c < channels; c++) {
                sums.add(0, first + c, total[0][c]);
                sums.add(1, first + c, total[1][c]);
              }
            }));
  }

  private static void item(
      GroupNorm of,
      float[] weight,
      Elements x,
      Elements dy,
      Elements dx,
      int item,
      long rows,
      int first,
      double[][] total) {
    int channels = total[0].length;
    double count = (double) rows * channels;
    double mean = 0;
    for (long row = 0; row < rows; row++) {
      for (int c = first; c < first + channels; c++) {
        mean += x.f32(item, row, c) / count;
      }
    }
    double squares = 0;
    for (long row = 0; row < rows; row++) {
      for (int c = first; c < first + channels; c++) {
        double deviation = x.f32(item, row, c) - mean;
        squares += deviation * deviation;
      }
    }
    double scale = 1 / Math.sqrt(squares / count + of.epsilon());
    double one = 0;
    double two = 0;
    for (long row = 0; row < rows; row++) {
      for (int c = 0; c < channels; c++) {
        double normal = (x.f32(item, row, first + c) - mean) * scale;
        double up = dy.f32(item, row, first + c);
        total[0][c] += up * normal;
        total[1][c] += up;
        one += up * weight[first + c] / count;
        two += up * weight[first + c] * normal / count;
      }
    }
    for (long row = 0; row < rows; row++) {
      for (int c = first; c < first + channels; c++) {
        double normal = (x.f32(item, row, c) - mean) * scale;
        double gradient = dy.f32(item, row, c) * weight[c];
        dx.f32(item, row, c, (float) (scale * (gradient - one - normal * two)));
      }
    }
  }
}
