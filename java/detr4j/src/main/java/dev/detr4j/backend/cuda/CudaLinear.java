package dev.detr4j.backend.cuda;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.OperandTypes;
import dev.detr4j.backend.Precision;
import dev.detr4j.ffi.generated.Detr4jCuda;
import dev.detr4j.ffi.generated.detr4j_cuda_conv2d;
import dev.detr4j.op.Linear;
import dev.detr4j.op.RowMask;
import dev.detr4j.tensor.TensorView;
import java.lang.foreign.MemorySegment;

/**
 * {@link Linear} by {@code detr4j_cuda_conv2d_f32} or its siblings for other products.
 *
 * @param precision of the products, unless they have to be exact
 */
record CudaLinear(Precision precision) implements CudaOp<Linear> {
  private Precision products(Linear op) {
    return op.exact() ? Precision.FP32 : precision;
  }

  @Override
  public OperandTypes operandTypes(Linear op) {
    return ProductTensors.operandTypes(products(op));
  }

  @Override
  public Object joint(Linear op) {
    return products(op);
  }

  @Override
  public CudaStep bind(Linear op, BoundNode node, CudaContext context) {
    TensorView x = node.input(0);
    MemorySegment p = detr4j_cuda_conv2d.allocate(context.arena());
    int rows = Math.toIntExact(x.rows());
    detr4j_cuda_conv2d.batch(p, x.batch());
    detr4j_cuda_conv2d.in_h(p, rows);
    detr4j_cuda_conv2d.in_w(p, 1);
    detr4j_cuda_conv2d.in_c(p, op.inFeatures());
    detr4j_cuda_conv2d.out_h(p, rows);
    detr4j_cuda_conv2d.out_w(p, 1);
    detr4j_cuda_conv2d.out_c(p, op.outFeatures());
    detr4j_cuda_conv2d.kernel_h(p, 1);
    detr4j_cuda_conv2d.kernel_w(p, 1);
    detr4j_cuda_conv2d.stride(p, 1);
    detr4j_cuda_conv2d.dilation(p, 1);
    detr4j_cuda_conv2d.groups(p, 1);
    detr4j_cuda_conv2d.row_mask_mode(p, code(op.rowMask()));
    if (op.rowMask() != RowMask.NONE) {
      TensorView mask = node.input(node.inputs().size() - 1);
      detr4j_cuda_conv2d.row_mask(p, Pointers.toContiguous(node, mask));
    }
    ProductTensors.set(
        p, x, op.hasResidual() ? node.input(1) : null, op.activation(), node.output(0));
    ColumnPacking packing = new ColumnPacking(op.outFeatures(), op.inFeatures(), 1, 1);
    return ProductTensors.step(
        p, context.weights(), products(op), packing, node.weight(0), node.weightOrNull(1));
  }

  private static int code(RowMask mask) {
    return switch (mask) {
      case NONE -> Detr4jCuda.DETR4J_CUDA_ROW_MASK_NONE();
      case ZERO_INPUT -> Detr4jCuda.DETR4J_CUDA_ROW_MASK_ZERO_INPUT();
      case ZERO_OUTPUT -> Detr4jCuda.DETR4J_CUDA_ROW_MASK_ZERO_OUTPUT();
    };
  }
}
