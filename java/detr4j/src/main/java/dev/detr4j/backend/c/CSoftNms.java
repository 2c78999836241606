package dev.detr4j.backend.c;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.ffi.CpuTier;
import dev.detr4j.ffi.generated.Detr4jAbi;
import dev.detr4j.ffi.generated.detr4j_nms;
import dev.detr4j.op.SoftNms;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** {@link SoftNms} by {@code detr4j_soft_nms_f32}, in one tile. */
record CSoftNms(CpuTier tier) implements HostOp<SoftNms> {
  @Override
  public List<HostKernel> bind(
      SoftNms op, BoundNode node, HostContext context, MemorySegment workspace) {
    MemorySegment p = detr4j_nms.allocate(context.arena());
    detr4j_nms.tier(p, tier.id());
    detr4j_nms.count(p, node.input(0).shape().get(1));
    detr4j_nms.decay(p, code(op.decay()));
    detr4j_nms.sigma(p, op.sigma());
    detr4j_nms.iou_threshold(p, op.iouThreshold());
    detr4j_nms.score_threshold(p, op.scoreThreshold());
    detr4j_nms.boxes(p, Pointers.toContiguous(node, node.input(0)));
    detr4j_nms.scores(p, Pointers.toContiguous(node, node.input(1)));
    detr4j_nms.labels(p, Pointers.toContiguous(node, node.input(2)));
    detr4j_nms.kept_scores(p, Pointers.toContiguous(node, node.output(0)));
    detr4j_nms.kept(p, Pointers.toContiguous(node, node.output(1)));
    detr4j_nms.kept_count(p, Pointers.toContiguous(node, node.output(2)));
    return TileKernel.phase(
        node,
        p,
        1,
        Detr4jAbi.detr4j_nms_f32_scratch(p),
        (parameters, tile, scratch) -> Detr4jAbi.detr4j_soft_nms_f32(parameters, scratch));
  }

  private static int code(SoftNms.Decay decay) {
    return switch (decay) {
      case GAUSSIAN -> Detr4jAbi.DETR4J_DECAY_GAUSSIAN();
      case LINEAR -> Detr4jAbi.DETR4J_DECAY_LINEAR();
      case HARD -> Detr4jAbi.DETR4J_DECAY_HARD();
    };
  }
}
