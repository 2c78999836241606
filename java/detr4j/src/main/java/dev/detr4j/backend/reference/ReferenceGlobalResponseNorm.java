package dev.detr4j.backend.reference;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.op.GlobalResponseNorm;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** {@link GlobalResponseNorm}, one batch item a tile. */
final class ReferenceGlobalResponseNorm implements HostOp<GlobalResponseNorm> {
  private final HeapWeights weights;

  ReferenceGlobalResponseNorm(HeapWeights weights) {
    this.weights = weights;
  }

  @Override
  public List<HostKernel> bind(
      GlobalResponseNorm op, BoundNode node, HostContext context, MemorySegment workspace) {
    float[] weight = weights.plain(node.weight(0));
    float[] bias = weights.plain(node.weight(1));
    Elements x = new Elements(node.input(0));
    Elements y = new Elements(node.output(0));
    long rows = node.output(0).rows();
    int channels = op.channels();
    return List.of(
        TiledLoop.of(
            node.output(0).batch(),
            (item, scratch) -> {
              double[] norms = new double[channels];
              double mean = 0;
              for (int c = 0; c < channels; c++) {
                double squares = 0;
                for (long row = 0; row < rows; row++) {
                  double value = x.f32(item, row, c);
                  squares += value * value;
                }
                norms[c] = Math.sqrt(squares);
                mean += norms[c] / channels;
              }
              for (long row = 0; row < rows; row++) {
                for (int c = 0; c < channels; c++) {
                  double value = x.f32(item, row, c);
                  double response = norms[c] / (mean + op.epsilon());
                  y.f32(item, row, c, (float) (weight[c] * (value * response) + bias[c] + value));
                }
              }
            }));
  }
}
