package dev.detr4j.backend.vector;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.op.Nms;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * {@link Nms} in one tile: takes the best box that is left, then drops what overlaps it too much.
 *
 * <p>Scratch: the columns of {@link ClassBoxes}, the overlaps, one int a box that tells whether it
 * is gone.
 */
final class VectorNms implements HostOp<Nms> {
  @Override
  public List<HostKernel> bind(
      Nms op, BoundNode node, HostContext context, MemorySegment workspace) {
    return List.of(
        new Kernel(
            op.iouThreshold(),
            node.input(0).shape().get(1),
            Rows.of(node.input(0)),
            Rows.of(node.input(1)).address(),
            Rows.of(node.input(2)).address(),
            Rows.of(node.output(0)).address(),
            Rows.of(node.output(1)).address()));
  }

  private record Kernel(
      float threshold, int count, Rows boxes, long scores, long labels, long indices, long kept)
      implements HostKernel {
    @Override
    public int tiles() {
      return 1;
    }

    @Override
    public long scratchBytes() {
      return (ClassBoxes.COLUMNS + 2) * ClassBoxes.columnBytes(count);
    }

    @Override
    public void run(int tile, MemorySegment scratch) {
      long column = ClassBoxes.columnBytes(count);
      long moved = scratch.address();
      long overlaps = moved + ClassBoxes.COLUMNS * column;
      long gone = overlaps + column;
      ClassBoxes.move(boxes, labels, count, moved);
      Memory.clear(gone, column);
      int selected = 0;
      for (int best = best(gone); best >= 0; best = best(gone)) {
        Memory.setInt(gone + 4L * best, 1);
        Memory.setInt(indices + 4L * selected, best);
        selected++;
        ClassBoxes.overlaps(moved, column, column, best, overlaps);
        for (int i = 0; i < count; i++) {
          if (Memory.getFloat(overlaps + 4L * i) > threshold) {
            Memory.setInt(gone + 4L * i, 1);
          }
        }
      }
      Memory.setInt(kept, selected);
    }

    /** The first of the highest scores that are left, or -1. */
    private int best(long gone) {
      int best = -1;
      long highest = Long.MIN_VALUE;
      for (int i = 0; i < count; i++) {
        long key = VectorTopK.key(Memory.getFloat(scores + 4L * i), i);
        if (Memory.getInt(gone + 4L * i) == 0 && key > highest) {
          best = i;
          highest = key;
        }
      }
      return best;
    }
  }
}
