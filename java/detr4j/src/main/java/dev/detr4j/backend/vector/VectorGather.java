package dev.detr4j.backend.vector;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.op.Gather;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Objects;

/** {@link Gather}, a block of rows a tile. */
final class VectorGather implements HostOp<Gather> {
  @Override
  public List<HostKernel> bind(
      Gather op, BoundNode node, HostContext context, MemorySegment workspace) {
    int columns = node.output(0).columns();
    return List.of(
        new Kernel(
            RowBlocks.of(node.output(0).batch(), node.output(0).rows(), columns),
            Math.toIntExact(node.input(0).rows()),
            columns,
            Rows.of(node.input(0)),
            Rows.of(node.input(1)),
            Rows.of(node.output(0))));
  }

  private record Kernel(
      RowBlocks blocks, int sourceRows, int columns, Rows x, Rows indices, Rows out)
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
        // Addresses are not checked further down, and a wrong one would end the process.
        int index = Objects.checkIndex(Memory.getInt(indices.row(item, 0) + 4L * row), sourceRows);
        Memory.copy(x.row(item, index), out.row(item, row), 4L * columns);
      }
    }
  }
}
