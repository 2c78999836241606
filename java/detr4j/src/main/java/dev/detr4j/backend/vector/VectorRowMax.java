package dev.detr4j.backend.vector;

import static dev.detr4j.backend.vector.Lanes.COUNT;
import static dev.detr4j.backend.vector.Lanes.FLOATS;
import static dev.detr4j.backend.vector.Memory.ALL;
import static dev.detr4j.backend.vector.Memory.ORDER;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.op.RowMax;
import java.lang.foreign.MemorySegment;
import java.util.List;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/** {@link RowMax}, a block of rows a tile. */
final class VectorRowMax implements HostOp<RowMax> {
  @Override
  public List<HostKernel> bind(
      RowMax op, BoundNode node, HostContext context, MemorySegment workspace) {
    int columns = node.input(0).columns();
    return List.of(
        new Kernel(
            RowBlocks.of(node.input(0).batch(), node.input(0).rows(), columns),
            columns,
            Rows.of(node.input(0)),
            Rows.of(node.output(0))));
  }

  private record Kernel(RowBlocks blocks, int columns, Rows x, Rows out) implements HostKernel {
    @Override
    public int tiles() {
      return blocks.tiles();
    }

    @Override
    public void run(int tile, MemorySegment scratch) {
      int item = blocks.item(tile);
      int end = blocks.end(tile);
      for (int row = blocks.first(tile); row < end; row++) {
        Memory.setFloat(out.row(item, row), largest(x.row(item, row), columns));
      }
    }
  }

  /** FloatVector.max, its reduction and Math.max are NaN when either operand is. */
  private static float largest(long x, int columns) {
    FloatVector largest = FloatVector.broadcast(FLOATS, Float.NEGATIVE_INFINITY);
    int c = 0;
    for (; c + COUNT <= columns; c += COUNT) {
      largest = largest.max(FloatVector.fromMemorySegment(FLOATS, ALL, x + 4L * c, ORDER));
    }
    float result = largest.reduceLanes(VectorOperators.MAX);
    for (; c < columns; c++) {
      result = Math.max(result, Memory.getFloat(x + 4L * c));
    }
    return result;
  }
}
