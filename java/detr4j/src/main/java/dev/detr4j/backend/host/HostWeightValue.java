package dev.detr4j.backend.host;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.op.gradient.WeightValue;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** {@link WeightValue}: a copy, the same on every backend that packs weights. */
public final class HostWeightValue implements HostOp<WeightValue> {
  @Override
  public List<HostKernel> bind(
      WeightValue op, BoundNode node, HostContext context, MemorySegment workspace) {
    MemorySegment weight = context.weights().plain(node.weight(0));
    MemorySegment out = HostBuffer.segment(node.output(0));
    long rowStride = node.output(0).rowStride();
    long batchStride = node.output(0).batchStride();
    long bytes = 4L * op.columns();
    return List.of(
        RowLoop.of(
            op.batch(),
            op.rows(),
            op.columns(),
            (item, row) ->
                MemorySegment.copy(
                    weight, row * bytes, out, 4 * (item * batchStride + row * rowStride), bytes)));
  }
}
