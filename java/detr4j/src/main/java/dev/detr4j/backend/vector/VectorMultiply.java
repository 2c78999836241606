package dev.detr4j.backend.vector;

import static dev.detr4j.backend.vector.Lanes.COUNT;
import static dev.detr4j.backend.vector.Lanes.FLOATS;
import static dev.detr4j.backend.vector.Memory.ALL;
import static dev.detr4j.backend.vector.Memory.ORDER;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.op.Multiply;
import java.lang.foreign.MemorySegment;
import java.util.List;
import jdk.incubator.vector.FloatVector;

/** {@link Multiply}, a block of rows a tile. */
final class VectorMultiply implements HostOp<Multiply> {
  @Override
  public List<HostKernel> bind(
      Multiply op, BoundNode node, HostContext context, MemorySegment workspace) {
    int columns = node.output(0).columns();
    return List.of(
        new Kernel(
            RowBlocks.of(node.output(0).batch(), node.output(0).rows(), columns),
            columns,
            Rows.of(node.input(0)),
            Rows.of(node.input(1)),
            Rows.of(node.output(0))));
  }

  private record Kernel(RowBlocks blocks, int columns, Rows a, Rows b, Rows out)
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
        multiply(a.row(item, row), b.row(item, row), out.row(item, row), columns);
      }
    }
  }

  static void multiply(long a, long b, long out, int columns) {
    int c = 0;
    for (; c + COUNT <= columns; c += COUNT) {
      FloatVector.fromMemorySegment(FLOATS, ALL, a + 4L * c, ORDER)
          .mul(FloatVector.fromMemorySegment(FLOATS, ALL, b + 4L * c, ORDER))
          .intoMemorySegment(ALL, out + 4L * c, ORDER);
    }
    for (; c < columns; c++) {
      Memory.setFloat(out + 4L * c, Memory.getFloat(a + 4L * c) * Memory.getFloat(b + 4L * c));
    }
  }
}
