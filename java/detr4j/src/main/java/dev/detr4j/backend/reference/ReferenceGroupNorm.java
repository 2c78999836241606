package dev.detr4j.backend.reference;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.op.GroupNorm;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** {@link GroupNorm}, one group of one batch item a tile; three passes over its elements. */
final class ReferenceGroupNorm implements HostOp<GroupNorm> {
  private final HeapWeights weights;

  ReferenceGroupNorm(HeapWeights weights) {
    this.weights = weights;
  }

  @Override
  public List<HostKernel> bind(
      GroupNorm op, BoundNode node, HostContext context, MemorySegment workspace) {
    float[] weight = weights.plain(node.weight(0));
    float[] bias = weights.plain(node.weight(1));
    Elements x = new Elements(node.input(0));
    Elements y = new Elements(node.output(0));
    long rows = node.output(0).rows();
    int channels = op.channels() / op.groups();
    double count = (double) rows * channels;
    return List.of(
        TiledLoop.of(
            (long) node.output(0).batch() * op.groups(),
            (tile, scratch) -> {
              int item = tile / op.groups();
              int first = tile % op.groups() * channels;
              double total = 0;
              for (long row = 0; row < rows; row++) {
                for (int c = first; c < first + channels; c++) {
                  total += x.f32(item, row, c);
                }
              }
              double mean = total / count;
              double squares = 0;
              for (long row = 0; row < rows; row++) {
                for (int c = first; c < first + channels; c++) {
                  double deviation = x.f32(item, row, c) - mean;
                  squares += deviation * deviation;
                }
              }
              double deviation = Math.sqrt(squares / count + op.epsilon());
              for (long row = 0; row < rows; row++) {
                for (int c = first; c < first + channels; c++) {
                  double value = (x.f32(item, row, c) - mean) / deviation * weight[c] + bias[c];
                  y.f32(item, row, c, (float) value);
                }
              }
            }));
  }
}
