package dev.detr4j.backend.cuda;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.ffi.generated.Detr4jCuda;
import dev.detr4j.ffi.generated.detr4j_cuda_add;
import dev.detr4j.op.Multiply;
import dev.detr4j.tensor.TensorView;
import java.lang.foreign.MemorySegment;

/** {@link Multiply} by {@code detr4j_cuda_multiply_f32}. */
final class CudaMultiply implements CudaOp<Multiply> {
  @Override
  public CudaStep bind(Multiply op, BoundNode node, CudaContext context) {
    TensorView a = node.input(0);
    TensorView b = node.input(1);
    TensorView out = node.output(0);
    MemorySegment p = detr4j_cuda_add.allocate(context.arena());
    detr4j_cuda_add.batch(p, a.batch());
    detr4j_cuda_add.rows(p, a.rows());
    detr4j_cuda_add.columns(p, a.columns());
    detr4j_cuda_add.a(p, Pointers.to(a));
    detr4j_cuda_add.a_row_stride(p, a.rowStride());
    detr4j_cuda_add.a_batch_stride(p, a.batchStride());
    detr4j_cuda_add.b(p, Pointers.to(b));
    detr4j_cuda_add.b_row_stride(p, b.rowStride());
    detr4j_cuda_add.b_batch_stride(p, b.batchStride());
    detr4j_cuda_add.out(p, Pointers.to(out));
    detr4j_cuda_add.out_row_stride(p, out.rowStride());
    detr4j_cuda_add.out_batch_stride(p, out.batchStride());
    return new CudaStep(p, Detr4jCuda::detr4j_cuda_multiply_f32);
  }
}
