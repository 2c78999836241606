package dev.detr4j.backend.cuda;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.OperandTypes;
import dev.detr4j.backend.Precision;
import dev.detr4j.ffi.generated.Detr4jCuda;
import dev.detr4j.ffi.generated.detr4j_cuda_max_pool;
import dev.detr4j.op.MaxPool;
import dev.detr4j.tensor.ElementType;
import dev.detr4j.tensor.TensorView;
import java.lang.foreign.MemorySegment;

/**
 * {@link MaxPool} by {@code detr4j_cuda_max_pool_f32}.
 *
 * @param precision of products around it: maps may be bf16 with those, because a maximum does not
 *     round
 */
record CudaMaxPool(Precision precision) implements CudaOp<MaxPool> {
  @Override
  public OperandTypes operandTypes(MaxPool op) {
    return precision == Precision.BF16
        ? MapTypes.bf16(ElementType.F32, 1)
        : OperandTypes.AS_IN_GRAPH;
  }

  @Override
  public CudaStep bind(MaxPool op, BoundNode node, CudaContext context) {
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
    detr4j_cuda_max_pool.padding(p, op.padding());
    detr4j_cuda_max_pool.x_type(p, MapTypes.code(x.type()));
    detr4j_cuda_max_pool.out_type(p, MapTypes.code(out.type()));
    detr4j_cuda_max_pool.x(p, Pointers.to(x));
    detr4j_cuda_max_pool.x_row_stride(p, x.rowStride());
    detr4j_cuda_max_pool.x_batch_stride(p, x.batchStride());
    detr4j_cuda_max_pool.out(p, Pointers.to(out));
    detr4j_cuda_max_pool.out_row_stride(p, out.rowStride());
    detr4j_cuda_max_pool.out_batch_stride(p, out.batchStride());
    return new CudaStep(p, Detr4jCuda::detr4j_cuda_max_pool_f32);
  }
}
