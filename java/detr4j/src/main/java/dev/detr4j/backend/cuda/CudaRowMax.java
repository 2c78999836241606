package dev.detr4j.backend.cuda;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.ffi.generated.Detr4jCuda;
import dev.detr4j.ffi.generated.detr4j_cuda_row_max;
import dev.detr4j.op.RowMax;
import dev.detr4j.tensor.TensorView;
import java.lang.foreign.MemorySegment;

/** {@link RowMax} by {@code detr4j_cuda_row_max_f32}. */
final class CudaRowMax implements CudaOp<RowMax> {
  @Override
  public CudaStep bind(RowMax op, BoundNode node, CudaContext context) {
    TensorView x = node.input(0);
    TensorView out = node.output(0);
    MemorySegment p = detr4j_cuda_row_max.allocate(context.arena());
    detr4j_cuda_row_max.batch(p, x.batch());
    detr4j_cuda_row_max.rows(p, x.rows());
    detr4j_cuda_row_max.columns(p, x.columns());
    detr4j_cuda_row_max.x(p, Pointers.to(x));
    detr4j_cuda_row_max.x_row_stride(p, x.rowStride());
    detr4j_cuda_row_max.x_batch_stride(p, x.batchStride());
    detr4j_cuda_row_max.out(p, Pointers.to(out));
    detr4j_cuda_row_max.out_row_stride(p, out.rowStride());
    detr4j_cuda_row_max.out_batch_stride(p, out.batchStride());
    return new CudaStep(p, Detr4jCuda::detr4j_cuda_row_max_f32);
  }
}
