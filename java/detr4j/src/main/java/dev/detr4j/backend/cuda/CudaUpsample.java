package dev.detr4j.backend.cuda;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.ffi.generated.Detr4jCuda;
import dev.detr4j.ffi.generated.detr4j_cuda_upsample;
import dev.detr4j.op.Upsample;
import dev.detr4j.tensor.TensorView;
import java.lang.foreign.MemorySegment;

/** {@link Upsample} by {@code detr4j_cuda_upsample_f32}. */
final class CudaUpsample implements CudaOp<Upsample> {
  @Override
  public CudaStep bind(Upsample op, BoundNode node, CudaContext context) {
    TensorView x = node.input(0);
    TensorView out = node.output(0);
    MemorySegment p = detr4j_cuda_upsample.allocate(context.arena());
    detr4j_cuda_upsample.batch(p, x.batch());
    detr4j_cuda_upsample.in_h(p, x.shape().get(1));
    detr4j_cuda_upsample.in_w(p, x.shape().get(2));
    detr4j_cuda_upsample.channels(p, x.columns());
    detr4j_cuda_upsample.factor(p, op.factor());
    detr4j_cuda_upsample.x(p, Pointers.to(x));
    detr4j_cuda_upsample.x_row_stride(p, x.rowStride());
    detr4j_cuda_upsample.x_batch_stride(p, x.batchStride());
    detr4j_cuda_upsample.out(p, Pointers.to(out));
    detr4j_cuda_upsample.out_row_stride(p, out.rowStride());
    detr4j_cuda_upsample.out_batch_stride(p, out.batchStride());
    return new CudaStep(p, Detr4jCuda::detr4j_cuda_upsample_f32);
  }
}
