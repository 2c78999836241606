package dev.detr4j.backend.cuda;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.ffi.generated.Detr4jCuda;
import dev.detr4j.ffi.generated.detr4j_cuda_top_k;
import dev.detr4j.op.TopK;
import dev.detr4j.tensor.TensorView;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/** {@link TopK} by {@code detr4j_cuda_top_k_f32}. */
final class CudaTopK implements CudaOp<TopK> {
  private final int most;

  CudaTopK(int most) {
    this.most = most;
  }

  @Override
  public @Nullable String refusal(TopK op) {
    return op.k() <= most
        ? null
        : "backend cuda selects at most " + most + " scores, not " + op.k();
  }

  @Override
  public CudaStep bind(TopK op, BoundNode node, CudaContext context) {
    TensorView x = node.input(0);
    MemorySegment p = detr4j_cuda_top_k.allocate(context.arena());
    detr4j_cuda_top_k.batch(p, x.batch());
    detr4j_cuda_top_k.rows(p, x.rows());
    detr4j_cuda_top_k.columns(p, x.columns());
    detr4j_cuda_top_k.k(p, op.k());
    detr4j_cuda_top_k.x(p, Pointers.to(x));
    detr4j_cuda_top_k.x_row_stride(p, x.rowStride());
    detr4j_cuda_top_k.x_batch_stride(p, x.batchStride());
    detr4j_cuda_top_k.values(p, Pointers.toContiguous(node, node.output(0)));
    detr4j_cuda_top_k.indices(p, Pointers.toContiguous(node, node.output(1)));
    return new CudaStep(p, Detr4jCuda::detr4j_cuda_top_k_f32);
  }
}
