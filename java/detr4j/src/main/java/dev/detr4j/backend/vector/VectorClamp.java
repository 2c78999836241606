package dev.detr4j.backend.vector;

import static dev.detr4j.backend.vector.Lanes.COUNT;
import static dev.detr4j.backend.vector.Lanes.FLOATS;
import static dev.detr4j.backend.vector.Memory.ALL;
import static dev.detr4j.backend.vector.Memory.ORDER;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.op.Clamp;
import java.lang.foreign.MemorySegment;
import java.util.List;
import jdk.incubator.vector.FloatVector;

/** {@link Clamp}, a block of rows a tile. */
final class VectorClamp implements HostOp<Clamp> {
  @Override
  public List<HostKernel> bind(
      Clamp op, BoundNode node, HostContext context, MemorySegment workspace) {
    int columns = node.output(0).columns();
    return List.of(
        new Kernel(
            op,
            RowBlocks.of(node.output(0).batch(), node.output(0).rows(), columns),
            columns,
            Rows.of(node.input(0)),
            Rows.of(node.output(0))));
  }

  private record Kernel(Clamp op, RowBlocks blocks, int columns, Rows x, Rows out)
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
        clamp(x.row(item, row), out.row(item, row), columns, op.least(), op.most());
      }
    }
  }

  /** FloatVector.max and min, as those of Math, are NaN when either operand is. */
  private static void clamp(long x, long out, int columns, float least, float most) {
    int c = 0;
    for (; c + COUNT <= columns; c += COUNT) {
      FloatVector.fromMemorySegment(FLOATS, ALL, x + 4L * c, ORDER)
          .max(least)
          .min(most)
          .intoMemorySegment(ALL, out + 4L * c, ORDER);
    }
    for (; c < columns; c++) {
      Memory.setFloat(out + 4L * c, Math.min(Math.max(Memory.getFloat(x + 4L * c), least), most));
    }
  }
}
