package dev.detr4j.backend.cuda;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.ffi.generated.Detr4jCuda;
import dev.detr4j.ffi.generated.detr4j_cuda_gather;
import dev.detr4j.op.Gather;
import dev.detr4j.tensor.TensorView;
import java.lang.foreign.MemorySegment;

/** {@link Gather} by {@code detr4j_cuda_gather_f32}. */
final class CudaGather implements CudaOp<Gather> {
  @Override
  public CudaStep bind(Gather op, BoundNode node, CudaContext context) {
    TensorView x = node.input(0);
    TensorView out = node.output(0);
    MemorySegment p = detr4j_cuda_gather.allocate(context.arena());
    detr4j_cuda_gather.batch(p, x.batch());
    detr4j_cuda_gather.rows(p, x.rows());
    detr4j_cuda_gather.columns(p, x.columns());
    detr4j_cuda_gather.k(p, node.input(1).shape().get(1));
    detr4j_cuda_gather.x(p, Pointers.to(x));
    detr4j_cuda_gather.x_row_stride(p, x.rowStride());
    detr4j_cuda_gather.x_batch_stride(p, x.batchStride());
    detr4j_cuda_gather.indices(p, Pointers.toContiguous(node, node.input(1)));
    detr4j_cuda_gather.out(p, Pointers.to(out));
    detr4j_cuda_gather.out_row_stride(p, out.rowStride());
    detr4j_cuda_gather.out_batch_stride(p, out.batchStride());
    return new CudaStep(p, Detr4jCuda::detr4j_cuda_gather_f32);
  }
}
