package dev.detr4j.backend.c;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.ffi.CpuTier;
import dev.detr4j.ffi.generated.Detr4jAbi;
import dev.detr4j.ffi.generated.detr4j_box_refinement;
import dev.detr4j.op.BoxRefinement;
import dev.detr4j.tensor.TensorView;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** {@link BoxRefinement} by {@code detr4j_box_refinement_f32}, in one tile. */
record CBoxRefinement(CpuTier tier) implements HostOp<BoxRefinement> {
  @Override
  public List<HostKernel> bind(
      BoxRefinement op, BoundNode node, HostContext context, MemorySegment workspace) {
    TensorView delta = node.input(0);
    TensorView out = node.output(0);
    MemorySegment p = detr4j_box_refinement.allocate(context.arena());
    detr4j_box_refinement.tier(p, tier.id());
    detr4j_box_refinement.batch(p, delta.batch());
    detr4j_box_refinement.queries(p, Math.toIntExact(delta.rows()));
    detr4j_box_refinement.columns(p, op.columns());
    detr4j_box_refinement.reference_kind(p, kind(op.reference()));
    detr4j_box_refinement.epsilon(p, op.epsilon());
    detr4j_box_refinement.delta(p, Pointers.to(delta));
    detr4j_box_refinement.delta_row_stride(p, delta.rowStride());
    detr4j_box_refinement.delta_batch_stride(p, delta.batchStride());
    if (op.reference() != BoxRefinement.Reference.NONE) {
      TensorView reference = node.input(1);
      detr4j_box_refinement.reference(p, Pointers.to(reference));
      detr4j_box_refinement.reference_row_stride(p, reference.rowStride());
      detr4j_box_refinement.reference_batch_stride(p, reference.batchStride());
    }
    detr4j_box_refinement.out(p, Pointers.to(out));
    detr4j_box_refinement.out_row_stride(p, out.rowStride());
    detr4j_box_refinement.out_batch_stride(p, out.batchStride());
    return TileKernel.phase(
        node,
        p,
        1,
        0,
        (parameters, tile, scratch) -> Detr4jAbi.detr4j_box_refinement_f32(parameters));
  }

  private static int kind(BoxRefinement.Reference reference) {
    return switch (reference) {
      case NONE -> Detr4jAbi.DETR4J_REFERENCE_NONE();
      case POINT -> Detr4jAbi.DETR4J_REFERENCE_POINT();
      case BOX -> Detr4jAbi.DETR4J_REFERENCE_BOX();
      case LOGITS -> Detr4jAbi.DETR4J_REFERENCE_LOGITS();
      case RELATIVE -> Detr4jAbi.DETR4J_REFERENCE_RELATIVE();
    };
  }
}
