package dev.detr4j.backend.vector;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.op.ProposalEmbedding;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** {@link ProposalEmbedding}, a block of boxes a tile. */
final class VectorProposalEmbedding implements HostOp<ProposalEmbedding> {
  @Override
  public List<HostKernel> bind(
      ProposalEmbedding op, BoundNode node, HostContext context, MemorySegment workspace) {
    // Sines are slow: many small tiles.
    RowBlocks blocks =
        RowBlocks.of(node.output(0).batch(), node.output(0).rows(), 32L * op.features());
    return List.of(
        new Kernel(
            blocks,
            op.features(),
            SineAngles.divisors(op.features(), context.arena()),
            Rows.of(node.input(0)),
            Rows.of(node.output(0))));
  }

  private record Kernel(RowBlocks blocks, int features, long divisors, Rows boxes, Rows out)
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
        for (int c = 0; c < 4; c++) {
          float coordinate = Memory.getFloat(boxes.row(item, query) + 4L * c) * SineAngles.TWO_PI;
          SineAngles.write(
              coordinate, features, divisors, out.row(item, query) + 4L * c * features);
        }
      }
    }
  }
}
