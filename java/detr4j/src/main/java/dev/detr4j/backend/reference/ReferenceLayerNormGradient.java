package dev.detr4j.backend.reference;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.op.LayerNorm;
import dev.detr4j.op.gradient.LayerNormGradient;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** {@link LayerNormGradient} in one tile: all rows add to the sums of the weights. */
final class ReferenceLayerNormGradient implements HostOp<LayerNormGradient> {
  private final HeapWeights weights;

  ReferenceLayerNormGradient(HeapWeights weights) {
    this.weights = weights;
  }

  @Override
  public List<HostKernel> bind(
      LayerNormGradient op, BoundNode node, HostContext context, MemorySegment workspace) {
    LayerNorm of = op.of();
    float[] weight = weights.plain(node.weight(0));
    Elements x = new Elements(node.input(0));
    Elements residual = of.hasResidual() ? new Elements(node.input(1)) : null;
    int next = of.hasResidual() ? 2 : 1;
    Elements dy = new Elements(node.input(next));
    Elements dx = new Elements(node.output(0));
    WeightSums sums = new WeightSums(node, next + 1);
    int batch = node.input(0).batch();
    long rows = node.input(0).rows();
    int channels = of.channels();
    return List.of(
        TiledLoop.of(
            1,
            (tile, scratch) -> {
              double[][] total = new double[2][channels];
              double[] s = new double[channels];
              double[] g = new double[channels];
              for (int item = 0; item < batch; item++) {
                for (long row = 0; row < rows; row++) {
                  for (int c = 0; c < channels; c++) {
                    s[c] = x.f32(item, row, c);
                    if (residual != null) {
                      s[c] += residual.f32(item, row, c);
                    }
                    g[c] = dy.f32(item, row, c);
                  }
                  row(s, g, weight, of.epsilon(), total);
                  for (int c = 0; c < channels; c++) {
                    dx.f32(item, row, c, (float) g[c]);
                  }
                }
              }
              sums.add(total);
            }));
  }

  /** One row: s its sum, g its gradient from above, which becomes that of s. */
  private static void row(
      double[] s, double[] g, float[] weight, double epsilon, double[][] total) {
    int channels = s.length;
    double mean = 0;
    for (double value : s) {
      mean += value / channels;
    }
    double squares = 0;
    for (double value : s) {
      squares += (value - mean) * (value - mean);
    }
    double scale = 1 / Math.sqrt(squares / channels + epsilon);
    double first = 0;
    double second = 0;
    for (int c = 0; c < channels; c++) {
      double normal = (s[c] - mean) * scale;
      total[0][c] += g[c] * normal;
      total[1][c] += g[c];
      g[c] *= weight[c];
      first += g[c] / channels;
      second += g[c] * normal / channels;
    }
    for (int c = 0; c < channels; c++) {
      g[c] = scale * (g[c] - first - (s[c] - mean) * scale * second);
    }
  }
}
