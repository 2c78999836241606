package dev.detr4j.backend.reference;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.op.gradient.WeightValue;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** {@link WeightValue}, one batch item a tile. */
final class ReferenceWeightValue implements HostOp<WeightValue> {
  private final HeapWeights weights;

  ReferenceWeightValue(HeapWeights weights) {
    this.weights = weights;
  }

  @Override
  public List<HostKernel> bind(
      WeightValue op, BoundNode node, HostContext context, MemorySegment workspace) {
    float[] weight = weights.plain(node.weight(0));
    Elements out = new Elements(node.output(0));
    return List.of(
        TiledLoop.of(
            op.batch(),
            (item, scratch) -> {
              for (int row = 0; row < op.rows(); row++) {
                for (int c = 0; c < op.columns(); c++) {
                  out.f32(item, row, c, weight[row * op.columns() + c]);
                }
              }
            }));
  }
}
