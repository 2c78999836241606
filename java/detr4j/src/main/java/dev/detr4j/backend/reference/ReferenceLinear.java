package dev.detr4j.backend.reference;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.op.Linear;
import dev.detr4j.op.RowMask;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** {@link Linear}, four rows a tile. */
final class ReferenceLinear implements HostOp<Linear> {
  private final HeapWeights weights;

  ReferenceLinear(HeapWeights weights) {
    this.weights = weights;
  }

  @Override
  public List<HostKernel> bind(
      Linear op, BoundNode node, HostContext context, MemorySegment workspace) {
    float[] weight = weights.inputMajor(op.weight(), op.outFeatures(), op.inFeatures(), 1, 1);
    float[] bias = weights.plainOrNull(op.bias());
    Elements x = new Elements(node.input(0));
    Elements residual = op.hasResidual() ? new Elements(node.input(1)) : null;
    Elements mask =
        op.rowMask() == RowMask.NONE ? null : new Elements(node.input(node.inputs().size() - 1));
    Elements out = new Elements(node.output(0));
    int rows = Math.toIntExact(node.output(0).rows());
    int blocks = (rows + MatrixProduct.ROWS - 1) / MatrixProduct.ROWS;
    return List.of(
        TiledLoop.of(
            (long) node.output(0).batch() * blocks,
            (tile, scratch) -> {
              int item = tile / blocks;
              int first = tile % blocks * MatrixProduct.ROWS;
              int count = Math.min(MatrixProduct.ROWS, rows - first);
              rows(op, weight, bias, x, residual, mask, out, item, first, count);
            }));
  }

  private static void rows(
      Linear op,
      float[] weight,
      float @Nullable [] bias,
      Elements x,
      @Nullable Elements residual,
      @Nullable Elements mask,
      Elements out,
      int item,
      int first,
      int count) {
    int depth = op.inFeatures();
    HeapScratch heap = HeapScratch.ofThread();
    double[] values = heap.values(MatrixProduct.ROWS * depth);
    Arrays.fill(values, 0, MatrixProduct.ROWS * depth, 0);
    for (int r = 0; r < count; r++) {
      if (mask == null || mask.u8(item, 0, first + r) != 0) {
        x.read(item, first + r, 0, depth, values, r * depth);
      }
    }
    double[][] sums = heap.sums(op.outFeatures());
    MatrixProduct.add(values, depth, weight, 0, op.outFeatures(), sums);
    for (int r = 0; r < count; r++) {
      boolean zero =
          op.rowMask() == RowMask.ZERO_OUTPUT && mask != null && mask.u8(item, 0, first + r) == 0;
      for (int j = 0; j < op.outFeatures(); j++) {
        double sum = sums[r][j];
        if (bias != null) {
          sum += bias[j];
        }
        if (residual != null) {
          sum += residual.f32(item, first + r, j);
        }
        out.f32(item, first + r, j, zero ? 0 : (float) Activations.apply(op.activation(), sum));
      }
    }
  }
}
