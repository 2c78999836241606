package dev.detr4j.backend.c;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.ffi.CpuTier;
import dev.detr4j.ffi.generated.Detr4jAbi;
import dev.detr4j.ffi.generated.detr4j_distribution;
import dev.detr4j.op.DistanceBoxes;
import dev.detr4j.tensor.TensorView;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** {@link DistanceBoxes} by {@code detr4j_distance_boxes_f32}. */
record CDistanceBoxes(CpuTier tier) implements HostOp<DistanceBoxes> {
  @Override
  public List<HostKernel> bind(
      DistanceBoxes op, BoundNode node, HostContext context, MemorySegment workspace) {
    TensorView logits = node.input(0);
    TensorView out = node.output(0);
    MemorySegment p = detr4j_distribution.allocate(context.arena());
    detr4j_distribution.tier(p, tier.id());
    detr4j_distribution.batch(p, logits.batch());
    detr4j_distribution.queries(p, Math.toIntExact(logits.rows()));
    detr4j_distribution.groups(p, 4);
    detr4j_distribution.bins(p, op.bins());
    detr4j_distribution.k(p, 0);
    detr4j_distribution.queries_per_tile(
        p, TileSizes.rows(context.threads(), logits.batch(), logits.rows(), 4L * logits.columns()));
    detr4j_distribution.logits(p, Pointers.to(logits));
    detr4j_distribution.logits_row_stride(p, logits.rowStride());
    detr4j_distribution.logits_batch_stride(p, logits.batchStride());
    TensorView start = node.input(1);
    detr4j_distribution.worth(p, context.weights().plain(node.weight(0)));
    detr4j_distribution.scale(p, context.weights().plain(node.weight(1)));
    detr4j_distribution.boxes(p, Pointers.to(start));
    detr4j_distribution.boxes_row_stride(p, start.rowStride());
    detr4j_distribution.boxes_batch_stride(p, start.batchStride());
    detr4j_distribution.out(p, Pointers.to(out));
    detr4j_distribution.out_row_stride(p, out.rowStride());
    detr4j_distribution.out_batch_stride(p, out.batchStride());
    return TileKernel.phase(
        node,
        p,
        Detr4jAbi.detr4j_distance_boxes_f32_tiles(p),
        0,
        (parameters, tile, scratch) -> Detr4jAbi.detr4j_distance_boxes_f32(parameters, tile));
  }
}
