package dev.detr4j.backend.cuda;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.ffi.generated.Detr4jCuda;
import dev.detr4j.ffi.generated.detr4j_cuda_add;
import dev.detr4j.op.Gate;
import dev.detr4j.tensor.TensorView;
import java.lang.foreign.MemorySegment;

/** {@link Gate} by {@code detr4j_cuda_gate_f32}. */
final class CudaGate implements CudaOp<Gate> {
  @Override
  public CudaStep bind(Gate op, BoundNode node, CudaContext context) {
    TensorView logits = node.input(0);
    TensorView values = node.input(1);
    TensorView out = node.output(0);
    MemorySegment p = detr4j_cuda_add.allocate(context.arena());
    detr4j_cuda_add.batch(p, out.batch());
    detr4j_cuda_add.rows(p, out.rows());
    detr4j_cuda_add.columns(p, out.columns());
    detr4j_cuda_add.a(p, Pointers.to(logits));
    detr4j_cuda_add.a_row_stride(p, logits.rowStride());
    detr4j_cuda_add.a_batch_stride(p, logits.batchStride());
    detr4j_cuda_add.b(p, Pointers.to(values));
    detr4j_cuda_add.b_row_stride(p, values.rowStride());
    detr4j_cuda_add.b_batch_stride(p, values.batchStride());
    detr4j_cuda_add.out(p, Pointers.to(out));
    detr4j_cuda_add.out_row_stride(p, out.rowStride());
    detr4j_cuda_add.out_batch_stride(p, out.batchStride());
    return new CudaStep(p, Detr4jCuda::detr4j_cuda_gate_f32);
  }
}
