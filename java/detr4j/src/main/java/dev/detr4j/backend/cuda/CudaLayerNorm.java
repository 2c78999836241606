package dev.detr4j.backend.cuda;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.ffi.generated.Detr4jCuda;
import dev.detr4j.ffi.generated.detr4j_cuda_layer_norm;
import dev.detr4j.op.LayerNorm;
import dev.detr4j.tensor.TensorView;
import java.lang.foreign.MemorySegment;

/** {@link LayerNorm} by {@code detr4j_cuda_layer_norm_f32}. */
final class CudaLayerNorm implements CudaOp<LayerNorm> {
  @Override
  public CudaStep bind(LayerNorm op, BoundNode node, CudaContext context) {
    TensorView x = node.input(0);
    TensorView y = node.output(0);
    MemorySegment p = detr4j_cuda_layer_norm.allocate(context.arena());
    detr4j_cuda_layer_norm.batch(p, x.batch());
    detr4j_cuda_layer_norm.rows(p, x.rows());
    detr4j_cuda_layer_norm.channels(p, op.channels());
    detr4j_cuda_layer_norm.epsilon(p, op.epsilon());
    detr4j_cuda_layer_norm.x(p, Pointers.to(x));
    detr4j_cuda_layer_norm.x_row_stride(p, x.rowStride());
    detr4j_cuda_layer_norm.x_batch_stride(p, x.batchStride());
    detr4j_cuda_layer_norm.y(p, Pointers.to(y));
    detr4j_cuda_layer_norm.y_row_stride(p, y.rowStride());
    detr4j_cuda_layer_norm.y_batch_stride(p, y.batchStride());
    detr4j_cuda_layer_norm.weight(p, context.weights().plain(node.weight(0)));
    detr4j_cuda_layer_norm.bias(p, context.weights().plain(node.weight(1)));
    if (op.hasResidual()) {
      TensorView residual = node.input(1);
      detr4j_cuda_layer_norm.residual(p, Pointers.to(residual));
      detr4j_cuda_layer_norm.residual_row_stride(p, residual.rowStride());
      detr4j_cuda_layer_norm.residual_batch_stride(p, residual.batchStride());
    }
    if (op.hasAddend()) {
      TensorView addend = node.input(node.inputs().size() - 1);
      TensorView sum = node.output(1);
      detr4j_cuda_layer_norm.addend(p, Pointers.to(addend));
      detr4j_cuda_layer_norm.addend_row_stride(p, addend.rowStride());
      detr4j_cuda_layer_norm.addend_batch_stride(p, addend.batchStride());
      detr4j_cuda_layer_norm.y_plus(p, Pointers.to(sum));
      detr4j_cuda_layer_norm.y_plus_row_stride(p, sum.rowStride());
      detr4j_cuda_layer_norm.y_plus_batch_stride(p, sum.batchStride());
    }
    return new CudaStep(p, Detr4jCuda::detr4j_cuda_layer_norm_f32);
  }
}
