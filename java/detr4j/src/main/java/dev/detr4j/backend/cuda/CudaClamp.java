package dev.detr4j.backend.cuda;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.ffi.generated.Detr4jCuda;
import dev.detr4j.ffi.generated.detr4j_cuda_clamp;
import dev.detr4j.op.Clamp;
import dev.detr4j.tensor.TensorView;
import java.lang.foreign.MemorySegment;

/** {@link Clamp} by {@code detr4j_cuda_clamp_f32}. */
final class CudaClamp implements CudaOp<Clamp> {
  @Override
  public CudaStep bind(Clamp op, BoundNode node, CudaContext context) {
    TensorView x = node.input(0);
    TensorView out = node.output(0);
    MemorySegment p = detr4j_cuda_clamp.allocate(context.arena());
    detr4j_cuda_clamp.batch(p, x.batch());
    detr4j_cuda_clamp.rows(p, x.rows());
    detr4j_cuda_clamp.columns(p, x.columns());
    detr4j_cuda_clamp.least(p, op.least());
    detr4j_cuda_clamp.most(p, op.most());
    detr4j_cuda_clamp.x(p, Pointers.to(x));
    detr4j_cuda_clamp.x_row_stride(p, x.rowStride());
    detr4j_cuda_clamp.x_batch_stride(p, x.batchStride());
    detr4j_cuda_clamp.out(p, Pointers.to(out));
    detr4j_cuda_clamp.out_row_stride(p, out.rowStride());
    detr4j_cuda_clamp.out_batch_stride(p, out.batchStride());
    return new CudaStep(p, Detr4jCuda::detr4j_cuda_clamp_f32);
  }
}
