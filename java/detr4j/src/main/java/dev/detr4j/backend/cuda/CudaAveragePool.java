package dev.detr4j.backend.cuda;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.ffi.generated.Detr4jCuda;
import dev.detr4j.ffi.generated.detr4j_cuda_max_pool;
import dev.detr4j.op.AveragePool;
import dev.detr4j.tensor.TensorView;
import java.lang.foreign.MemorySegment;

/** {@link AveragePool} by {@code detr4j_cuda_average_pool_f32}. */
final class CudaAveragePool implements CudaOp<AveragePool> {
  @Override
  public CudaStep bind(AveragePool op, BoundNode node, CudaContext context) {
    TensorView x = node.input(0);
    TensorView out = node.output(0);
    MemorySegment p = detr4j_cuda_max_pool.allocate(context.arena());
    detr4j_cuda_max_pool.batch(p, x.batch());
    detr4j_cuda_max_pool.in_h(p, x.shape().get(1));
    detr4j_cuda_max_pool.in_w(p, x.shape().get(2));
    detr4j_cuda_max_pool.channels(p, x.columns());
    detr4j_cuda_max_pool.out_h(p, out.shape().get(1));
    detr4j_cuda_max_pool.out_w(p, out.shape().get(2));
    detr4j_cuda_max_pool.kernel(p, op.kernel());
    detr4j_cuda_max_pool.stride(p, op.stride());
    detr4j_cuda_max_pool.x(p, Pointers.to(x));
    detr4j_cuda_max_pool.x_row_stride(p, x.rowStride());
    detr4j_cuda_max_pool.x_batch_stride(p, x.batchStride());
    detr4j_cuda_max_pool.out(p, Pointers.to(out));
    detr4j_cuda_max_pool.out_row_stride(p, out.rowStride());
    detr4j_cuda_max_pool.out_batch_stride(p, out.batchStride());
    return new CudaStep(p, Detr4jCuda::detr4j_cuda_average_pool_f32);
  }
}
