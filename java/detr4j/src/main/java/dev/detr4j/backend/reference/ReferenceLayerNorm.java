package dev.detr4j.backend.reference;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.op.LayerNorm;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** {@link LayerNorm}, one row a tile; variance from the deviations, in a second pass. */
final class ReferenceLayerNorm implements HostOp<LayerNorm> {
  private final HeapWeights weights;

  ReferenceLayerNorm(HeapWeights weights) {
    this.weights = weights;
  }

  @Override
  public List<HostKernel> bind(
      LayerNorm op, BoundNode node, HostContext context, MemorySegment workspace) {
    float[] weight = weights.plain(node.weight(0));
    float[] bias = weights.plain(node.weight(1));
    Elements x = new Elements(node.input(0));
    Elements residual = op.hasResidual() ? new Elements(node.input(1)) : null;
    Elements addend = op.hasAddend() ? new Elements(node.input(node.inputs().size() - 1)) : null;
    Elements y = new Elements(node.output(0));
    Elements plus = op.hasAddend() ? new Elements(node.output(1)) : null;
    int rows = Math.toIntExact(node.output(0).rows());
    int channels = op.channels();
    return List.of(
        TiledLoop.of(
            (long) node.output(0).batch() * rows,
            (tile, scratch) -> {
              int item = tile / rows;
              int row = tile % rows;
              double[] sums = HeapScratch.ofThread().values(channels);
              double total = 0;
              for (int c = 0; c < channels; c++) {
                sums[c] = x.f32(item, row, c);
                if (residual != null) {
                  sums[c] += residual.f32(item, row, c);
                }
                total += sums[c];
              }
              double mean = total / channels;
              double squares = 0;
              for (int c = 0; c < channels; c++) {
                squares += (sums[c] - mean) * (sums[c] - mean);
              }
              double deviation = Math.sqrt(squares / channels + op.epsilon());
              for (int c = 0; c < channels; c++) {
                double value = (sums[c] - mean) / deviation * weight[c] + bias[c];
                // The addend is read first: its memory may be the output's.
                double sum = addend == null ? 0 : value + addend.f32(item, row, c);
                y.f32(item, row, c, (float) value);
                if (plus != null) {
                  plus.f32(item, row, c, (float) sum);
                }
              }
            }));
  }
}
