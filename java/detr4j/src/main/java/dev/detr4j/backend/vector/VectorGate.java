package dev.detr4j.backend.vector;

import static dev.detr4j.backend.vector.Lanes.COUNT;
import static dev.detr4j.backend.vector.Lanes.FLOATS;
import static dev.detr4j.backend.vector.Memory.ALL;
import static dev.detr4j.backend.vector.Memory.ORDER;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.op.Gate;
import java.lang.foreign.MemorySegment;
import java.util.List;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/** {@link Gate}, a block of rows a tile. */
final class VectorGate implements HostOp<Gate> {
  @Override
  public List<HostKernel> bind(
      Gate op, BoundNode node, HostContext context, MemorySegment workspace) {
    int columns = node.output(0).columns();
    return List.of(
        new Kernel(
            RowBlocks.of(node.output(0).batch(), node.output(0).rows(), 4L * columns),
            columns,
            Rows.of(node.input(0)),
            Rows.of(node.input(1)),
            Rows.of(node.output(0))));
  }

  private record Kernel(RowBlocks blocks, int columns, Rows logits, Rows values, Rows out)
      implements HostKernel {
    @Override
    public int tiles() {
      return blocks.tiles();
    }

    @Override
    public long scratchBytes() {
      // The exponentials of a row, up to a whole vector.
      return Memory.aligned(8L * columns) + Lanes.BYTES;
    }

    @Override
    public void run(int tile, MemorySegment scratch) {
      int item = blocks.item(tile);
      int end = blocks.end(tile);
      long powers = scratch.address();
      for (int row = blocks.first(tile); row < end; row++) {
        Memory.copy(logits.row(item, row), powers, 8L * columns);
        Exponential.write(powers, powers, 2 * columns, -1f, 0, 0);
        gate(powers, values.row(item, row), out.row(item, row), columns);
      }
    }
  }

  private static void gate(long powers, long values, long out, int columns) {
    long second = 4L * columns;
    for (int c = 0; c < columns; c += COUNT) {
      VectorMask<Float> mask = FLOATS.indexInRange(c, columns);
      long at = 4L * c;
      FloatVector one =
          FloatVector.fromMemorySegment(FLOATS, ALL, powers + at, ORDER, mask).add(1f);
      FloatVector other =
          FloatVector.fromMemorySegment(FLOATS, ALL, powers + second + at, ORDER, mask).add(1f);
      FloatVector a = FloatVector.fromMemorySegment(FLOATS, ALL, values + at, ORDER, mask);
      FloatVector b = FloatVector.fromMemorySegment(FLOATS, ALL, values + second + at, ORDER, mask);
      a.div(one).add(b.div(other)).intoMemorySegment(ALL, out + at, ORDER, mask);
    }
  }
}
