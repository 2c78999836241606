package dev.detr4j.backend.vector;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.op.BoxRefinement;
import dev.detr4j.op.BoxRefinement.Reference;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * {@link BoxRefinement}, a block of queries a tile. Scalar and in double precision: it is a few
 * hundred numbers, and box coordinates are what users see.
 */
final class VectorBoxRefinement implements HostOp<BoxRefinement> {
  @Override
  public List<HostKernel> bind(
      BoxRefinement op, BoundNode node, HostContext context, MemorySegment workspace) {
    return List.of(
        new Kernel(
            RowBlocks.of(node.output(0).batch(), node.output(0).rows(), 256),
            op,
            Rows.of(node.input(0)),
            op.reference() == Reference.NONE ? Rows.none() : Rows.of(node.input(1)),
            Rows.of(node.output(0))));
  }

  private record Kernel(RowBlocks blocks, BoxRefinement op, Rows delta, Rows reference, Rows out)
      implements HostKernel {
    @Override
    public int tiles() {
      return blocks.tiles();
    }

    @Override
    public void run(int tile, MemorySegment scratch) {
      int item = blocks.item(tile);
      int end = blocks.end(tile);
      for (int query = blocks.first(tile); query < end; query++) {
        long start = reference.rowOrZero(item, query);
        if (op.reference() == Reference.RELATIVE) {
          relative(delta.row(item, query), start, out.row(item, query));
          continue;
        }
        for (int c = 0; c < op.columns(); c++) {
          double sum = Memory.getFloat(delta.row(item, query) + 4L * c);
          if (c < op.reference().columns()) {
            sum += start(Memory.getFloat(start + 4L * c));
          }
          Memory.setFloat(out.row(item, query) + 4L * c, (float) (1 / (1 + Math.exp(-sum))));
        }
      }
    }

    private static void relative(long delta, long box, long to) {
      for (int axis = 0; axis < 2; axis++) {
        long at = 4L * axis;
        double length = Memory.getFloat(box + at + 8);
        double centre = Memory.getFloat(box + at);
        double moved = Memory.getFloat(delta + at) * length + centre;
        double scaled = Math.exp((double) Memory.getFloat(delta + at + 8)) * length;
        Memory.setFloat(to + at, (float) moved);
        Memory.setFloat(to + at + 8, (float) scaled);
      }
    }

    /** Math.min and Math.max keep NaN. */
    private double start(double x) {
      if (op.reference() == Reference.LOGITS) {
        return x;
      }
      double clamped = Math.min(Math.max(x, 0), 1);
      double epsilon = op.epsilon();
      return Math.log(Math.max(clamped, epsilon) / Math.max(1 - clamped, epsilon));
    }
  }
}
