package dev.detr4j.backend.cuda;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.ffi.generated.Detr4jCuda;
import dev.detr4j.ffi.generated.detr4j_cuda_box_refinement;
import dev.detr4j.op.BoxRefinement;
import dev.detr4j.tensor.TensorView;
import java.lang.foreign.MemorySegment;

/** {@link BoxRefinement} by {@code detr4j_cuda_box_refinement_f32}. */
final class CudaBoxRefinement implements CudaOp<BoxRefinement> {
  @Override
  public CudaStep bind(BoxRefinement op, BoundNode node, CudaContext context) {
    TensorView delta = node.input(0);
    TensorView out = node.output(0);
    MemorySegment p = detr4j_cuda_box_refinement.allocate(context.arena());
    detr4j_cuda_box_refinement.batch(p, delta.batch());
    detr4j_cuda_box_refinement.queries(p, Math.toIntExact(delta.rows()));
    detr4j_cuda_box_refinement.columns(p, op.columns());
    detr4j_cuda_box_refinement.reference_kind(p, code(op.reference()));
    detr4j_cuda_box_refinement.epsilon(p, op.epsilon());
    detr4j_cuda_box_refinement.delta(p, Pointers.to(delta));
    detr4j_cuda_box_refinement.delta_row_stride(p, delta.rowStride());
    detr4j_cuda_box_refinement.delta_batch_stride(p, delta.batchStride());
    detr4j_cuda_box_refinement.out(p, Pointers.to(out));
    detr4j_cuda_box_refinement.out_row_stride(p, out.rowStride());
    detr4j_cuda_box_refinement.out_batch_stride(p, out.batchStride());
    if (op.reference() != BoxRefinement.Reference.NONE) {
      TensorView reference = node.input(1);
      detr4j_cuda_box_refinement.reference(p, Pointers.to(reference));
      detr4j_cuda_box_refinement.reference_row_stride(p, reference.rowStride());
      detr4j_cuda_box_refinement.reference_batch_stride(p, reference.batchStride());
    }
    return new CudaStep(p, Detr4jCuda::detr4j_cuda_box_refinement_f32);
  }

  private static int code(BoxRefinement.Reference reference) {
    return switch (reference) {
      case NONE -> Detr4jCuda.DETR4J_CUDA_REFERENCE_NONE();
      case POINT -> Detr4jCuda.DETR4J_CUDA_REFERENCE_POINT();
      case BOX -> Detr4jCuda.DETR4J_CUDA_REFERENCE_BOX();
      case LOGITS -> Detr4jCuda.DETR4J_CUDA_REFERENCE_LOGITS();
      case RELATIVE -> Detr4jCuda.DETR4J_CUDA_REFERENCE_RELATIVE();
    };
  }
}
