package dev.detr4j.backend.cuda;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.ffi.generated.Detr4jCuda;
import dev.detr4j.ffi.generated.detr4j_cuda_selection;
import dev.detr4j.op.SelectRanked;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * {@link SelectRanked} by {@code detr4j_cuda_select_ranked_f32}.
 *
 * @param most entries that the device can order
 */
record CudaSelectRanked(int most) implements CudaOp<SelectRanked> {
  @Override
  public @Nullable String refusal(SelectRanked op) {
    return op.k() <= most
        ? null
        : "backend cuda selects at most " + most + " detections, not " + op.k();
  }

  @Override
  public CudaStep bind(SelectRanked op, BoundNode node, CudaContext context) {
    MemorySegment p = SelectionTensors.of(node, context);
    detr4j_cuda_selection.first_label(p, op.firstLabel());
    detr4j_cuda_selection.edges(p, code(op.edges()));
    return new CudaStep(p, Detr4jCuda::detr4j_cuda_select_ranked_f32);
  }

  private static int code(SelectRanked.Edges edges) {
    return switch (edges) {
      case KEPT -> Detr4jCuda.DETR4J_CUDA_EDGES_KEPT();
      case CLIPPED -> Detr4jCuda.DETR4J_CUDA_EDGES_CLIPPED();
      case CLIPPED_AND_EMPTY_DROPPED -> Detr4jCuda.DETR4J_CUDA_EDGES_CLIPPED_AND_EMPTY_DROPPED();
    };
  }
}
