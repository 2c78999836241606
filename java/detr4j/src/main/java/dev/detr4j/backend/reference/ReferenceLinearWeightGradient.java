package dev.detr4j.backend.reference;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.op.Linear;
import dev.detr4j.op.RowMask;
import dev.detr4j.op.gradient.LinearWeightGradient;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** {@link LinearWeightGradient}, some output features a tile. */
final class ReferenceLinearWeightGradient implements HostOp<LinearWeightGradient> {
  @Override
  public List<HostKernel> bind(
      LinearWeightGradient op, BoundNode node, HostContext context, MemorySegment workspace) {
    Linear of = op.of();
    Elements x = new Elements(node.input(0));
    Elements dz = new Elements(node.input(1));
    Elements mask = op.operands() == 2 ? null : new Elements(node.input(2));
    int batch = node.input(0).batch();
    int rows = Math.toIntExact(node.input(0).rows());
    return TransposedProduct.bind(
        node,
        op.operands(),
        of.outFeatures(),
        of.outFeatures(),
        of.inFeatures(),
        (group, visitor) -> {
          double[] values = new double[of.inFeatures()];
          for (int item = 0; item < batch; item++) {
            for (int row = 0; row < rows; row++) {
              boolean masked = mask != null && mask.u8(item, 0, row) == 0;
              if (masked && of.rowMask() == RowMask.ZERO_OUTPUT) {
                continue;
              }
              if (!masked) {
                x.read(item, row, 0, of.inFeatures(), values, 0);
              }
              visitor.visit(dz, item, row, values, !masked);
            }
          }
        });
  }
}
