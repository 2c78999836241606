package dev.detr4j.backend.vector;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.op.DistanceBoxes;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** {@link DistanceBoxes}, a block of boxes a tile; in doubles, as so few numbers allow. */
final class VectorDistanceBoxes implements HostOp<DistanceBoxes> {
  @Override
  public List<HostKernel> bind(
      DistanceBoxes op, BoundNode node, HostContext context, MemorySegment workspace) {
    return List.of(
        new Kernel(
            RowBlocks.of(node.output(0).batch(), node.output(0).rows(), 16L * op.bins()),
            op.bins(),
            context.weights().plain(node.weight(0)).address(),
            context.weights().plain(node.weight(1)).address(),
            Rows.of(node.input(0)),
            Rows.of(node.input(1)),
            Rows.of(node.output(0))));
  }

  private record Kernel(
      RowBlocks blocks, int bins, long worth, long scale, Rows logits, Rows start, Rows out)
      implements HostKernel {
    @Override
    public int tiles() {
      return blocks.tiles();
    }

    @Override
    public void run(int tile, MemorySegment scratch) {
      int item = blocks.item(tile);
      int end = blocks.end(tile);
      for (int row = blocks.first(tile); row < end; row++) {
        long sides = logits.row(item, row);
        for (int axis = 0; axis < 2; axis++) {
          long box = start.row(item, row) + 4L * axis;
          double centre = Memory.getFloat(box);
          double size = Memory.getFloat(box + 8);
          double near = centre - reach(sides + 4L * axis * bins, size);
          double far = centre + reach(sides + 4L * (axis + 2) * bins, size);
          long to = out.row(item, row) + 4L * axis;
          Memory.setFloat(to, (float) ((near + far) / 2));
          Memory.setFloat(to + 8, (float) (far - near));
        }
      }
    }

    /** How far a side is from the centre. */
    private double reach(long side, double size) {
      float largest = Float.NEGATIVE_INFINITY;
      for (int b = 0; b < bins; b++) {
        largest = Math.max(largest, Memory.getFloat(side + 4L * b));
      }
      double total = 0;
      double sum = 0;
      for (int b = 0; b < bins; b++) {
        double weight = Math.exp((double) Memory.getFloat(side + 4L * b) - largest);
        total += weight;
        sum += weight * Memory.getFloat(worth + 4L * b);
      }
      double r = Math.abs(Memory.getFloat(scale));
      return (r / 2 + sum / total) * size / r;
    }
  }
}
