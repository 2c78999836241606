package dev.detr4j.backend.cuda;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.ffi.generated.Detr4jCuda;
import dev.detr4j.ffi.generated.detr4j_cuda_row_norm;
import dev.detr4j.op.GroupNorm;
import dev.detr4j.tensor.TensorView;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** {@link GroupNorm} by {@code detr4j_cuda_group_norm_f32}. */
final class CudaGroupNorm implements CudaOp<GroupNorm> {
  @Override
  public Object joint(GroupNorm op) {
    return List.of(GroupNorm.class, op.groups());
  }

  @Override
  public CudaStep bind(GroupNorm op, BoundNode node, CudaContext context) {
    TensorView x = node.input(0);
    TensorView y = node.output(0);
    MemorySegment p = detr4j_cuda_row_norm.allocate(context.arena());
    detr4j_cuda_row_norm.batch(p, x.batch());
    detr4j_cuda_row_norm.rows(p, x.rows());
    detr4j_cuda_row_norm.channels(p, op.channels());
    detr4j_cuda_row_norm.groups(p, op.groups());
    detr4j_cuda_row_norm.epsilon(p, op.epsilon());
    detr4j_cuda_row_norm.weight(p, context.weights().plain(node.weight(0)));
    detr4j_cuda_row_norm.bias(p, context.weights().plain(node.weight(1)));
    detr4j_cuda_row_norm.x(p, Pointers.to(x));
    detr4j_cuda_row_norm.x_row_stride(p, x.rowStride());
    detr4j_cuda_row_norm.x_batch_stride(p, x.batchStride());
    detr4j_cuda_row_norm.y(p, Pointers.to(y));
    detr4j_cuda_row_norm.y_row_stride(p, y.rowStride());
    detr4j_cuda_row_norm.y_batch_stride(p, y.batchStride());
    detr4j_cuda_row_norm.workspace(
        p, context.workspace(Detr4jCuda.detr4j_cuda_row_norm_workspace(p)));
    return new CudaStep(
        p,
        null,
        new CudaStep.Joint(
            List.of(joint(op), x.batch()),
            Detr4jCuda.DETR4J_CUDA_GROUP_NORMS_MOST(),
            Detr4jCuda::detr4j_cuda_group_norm_f32));
  }
}
