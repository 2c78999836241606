package dev.detr4j.backend.c;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.OperandTypes;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.backend.host.HostWeights;
import dev.detr4j.backend.host.PanelPacking;
import dev.detr4j.ffi.CpuTier;
import dev.detr4j.ffi.generated.Detr4jAbi;
import dev.detr4j.ffi.generated.detr4j_conv2d;
import dev.detr4j.op.Linear;
import dev.detr4j.op.RowMask;
import dev.detr4j.tensor.ElementType;
import dev.detr4j.tensor.TensorView;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * {@link Linear} by {@code detr4j_conv2d_f32} or {@code detr4j_conv2d_bf16}: a 1x1 convolution of a
 * map one pixel wide.
 *
 * @param products the type that is multiplied in, unless products have to be exact
 */
record CLinear(CpuTier tier, ElementType products) implements HostOp<Linear> {
  @Override
  public List<HostKernel> bind(
      Linear op, BoundNode node, HostContext context, MemorySegment workspace) {
    TensorView x = node.input(0);
    int rows = Math.toIntExact(x.rows());
    MemorySegment p = detr4j_conv2d.allocate(context.arena());
    detr4j_conv2d.tier(p, tier.id());
    detr4j_conv2d.batch(p, x.batch());
    detr4j_conv2d.in_h(p, rows);
    detr4j_conv2d.in_w(p, 1);
    detr4j_conv2d.in_c(p, op.inFeatures());
    detr4j_conv2d.out_h(p, rows);
    detr4j_conv2d.out_w(p, 1);
    detr4j_conv2d.out_c(p, op.outFeatures());
    detr4j_conv2d.kernel_h(p, 1);
    detr4j_conv2d.kernel_w(p, 1);
    detr4j_conv2d.stride(p, 1);
    detr4j_conv2d.dilation(p, 1);
    detr4j_conv2d.groups(p, 1);
    detr4j_conv2d.row_mask_mode(p, code(op.rowMask()));
    if (op.rowMask() != RowMask.NONE) {
      TensorView mask = node.input(node.inputs().size() - 1);
      detr4j_conv2d.row_mask(p, Pointers.toContiguous(node, mask));
    }
    int columns = tier.panelColumns();
    ElementType multiplied = operandTypes(op).products();
    HostWeights weights = context.weights();
    ConvolutionParameters.setTensors(
        p,
        x,
        PanelPacking.weight(weights, op, node.weight(0), columns, multiplied),
        PanelPacking.bias(weights, node.weightOrNull(1), op.outFeatures(), 1, columns),
        op.hasResidual() ? node.input(1) : null,
        op.activation(),
        node.output(0));
    int panels = PanelPacking.panels(op.outFeatures(), 1, columns);
    return ConvolutionParameters.matrixProduct(node, context, p, panels, multiplied, tier);
  }

  @Override
  public OperandTypes operandTypes(Linear op) {
    return ConvolutionParameters.operandTypes(op.exact() ? ElementType.F32 : products);
  }

  private static int code(RowMask mask) {
    return switch (mask) {
      case NONE -> Detr4jAbi.DETR4J_ROW_MASK_NONE();
      case ZERO_INPUT -> Detr4jAbi.DETR4J_ROW_MASK_ZERO_INPUT();
      case ZERO_OUTPUT -> Detr4jAbi.DETR4J_ROW_MASK_ZERO_OUTPUT();
    };
  }
}
