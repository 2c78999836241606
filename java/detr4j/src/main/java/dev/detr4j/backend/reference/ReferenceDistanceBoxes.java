package dev.detr4j.backend.reference;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.op.DistanceBoxes;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** {@link DistanceBoxes}, one row a tile. */
final class ReferenceDistanceBoxes implements HostOp<DistanceBoxes> {
  private final HeapWeights weights;

  ReferenceDistanceBoxes(HeapWeights weights) {
    this.weights = weights;
  }

  @Override
  public List<HostKernel> bind(
      DistanceBoxes op, BoundNode node, HostContext context, MemorySegment workspace) {
    Elements logits = new Elements(node.input(0));
    Elements start = new Elements(node.input(1));
    float[] worth = weights.plain(node.weight(0));
    double scale = Math.abs(weights.plain(node.weight(1))[0]);
    Elements out = new Elements(node.output(0));
    int rows = Math.toIntExact(node.output(0).rows());
    return List.of(
        TiledLoop.of(
            (long) node.output(0).batch() * rows,
            (tile, scratch) ->
                box(op, logits, start, worth, scale, out, tile / rows, tile % rows)));
  }

  private static void box(
      DistanceBoxes op,
      Elements logits,
      Elements start,
      float[] worth,
      double scale,
      Elements out,
      int item,
      int row) {
    double[] corners = new double[4];
    for (int side = 0; side < 4; side++) {
      double largest = Double.NEGATIVE_INFINITY;
      for (int b = 0; b < op.bins(); b++) {
        largest = Math.max(largest, logits.f32(item, row, side * op.bins() + b));
      }
      double total = 0;
      double sum = 0;
      for (int b = 0; b < op.bins(); b++) {
        double weight = Math.exp(logits.f32(item, row, side * op.bins() + b) - largest);
        total += weight;
        sum += weight * worth[b];
      }
      int axis = side % 2;
      double reach = (scale / 2 + sum / total) * start.f32(item, row, 2 + axis) / scale;
      corners[side] = start.f32(item, row, axis) + (side < 2 ? -reach : reach);
    }
    for (int axis = 0; axis < 2; axis++) {
      out.f32(item, row, axis, (float) ((corners[axis] + corners[2 + axis]) / 2));
      out.f32(item, row, 2 + axis, (float) (corners[2 + axis] - corners[axis]));
    }
  }
}
