package dev.detr4j.backend.vector;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.op.Upsample;
import dev.detr4j.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** {@link Upsample}, the output rows of a block of input rows a tile; copies alone. */
final class VectorUpsample implements HostOp<Upsample> {
  @Override
  public List<HostKernel> bind(
      Upsample op, BoundNode node, HostContext context, MemorySegment workspace) {
    Shape in = node.input(0).shape();
    long rowElements = (long) op.factor() * op.factor() * in.get(2) * in.last();
    return List.of(
        new Kernel(
            RowBlocks.of(in.get(0), in.get(1), rowElements),
            op.factor(),
            in.get(2),
            4L * in.last(),
            Rows.of(node.input(0)),
            Rows.of(node.output(0))));
  }

  private record Kernel(RowBlocks blocks, int factor, int width, long bytes, Rows x, Rows out)
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
        for (int copy = 0; copy < factor; copy++) {
          long from = x.row(item, (long) row * width);
          long outRow = (long) row * factor + copy;
          repeat(from, x.pitch(), out.row(item, outRow * width * factor), out.pitch());
        }
      }
    }

    private void repeat(long from, long pitch, long to, long outPitch) {
      for (int column = 0; column < width; column++) {
        for (int copy = 0; copy < factor; copy++) {
          Memory.copy(from, to, bytes);
          to += outPitch;
        }
        from += pitch;
      }
    }
  }
}
