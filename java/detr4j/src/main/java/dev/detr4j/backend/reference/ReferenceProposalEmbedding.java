package dev.detr4j.backend.reference;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.op.ProposalEmbedding;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** {@link ProposalEmbedding}, one box a tile. */
final class ReferenceProposalEmbedding implements HostOp<ProposalEmbedding> {
  @Override
  public List<HostKernel> bind(
      ProposalEmbedding op, BoundNode node, HostContext context, MemorySegment workspace) {
    float[] divisors = SineCode.divisors(op.features());
    Elements boxes = new Elements(node.input(0));
    Elements out = new Elements(node.output(0));
    int queries = node.output(0).shape().get(1);
    return List.of(
        TiledLoop.of(
            (long) node.output(0).batch() * queries,
            (tile, scratch) -> {
              int item = tile / queries;
              int query = tile % queries;
              for (int i = 0; i < 4 * op.features(); i++) {
                int feature = i % op.features();
                float coordinate = boxes.f32(item, query, i / op.features()) * SineCode.TWO_PI;
                out.f32(item, query, i, SineCode.feature(coordinate, feature, divisors[feature]));
              }
            }));
  }
}
