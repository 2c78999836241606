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
    Bound bound =
        new Bound(
            op,
            weights.inputMajor(node.weight(0), op.outFeatures(), op.inFeatures(), 1, 1),
            weights.plainOrNull(node.weightOrNull(1)),
            new Elements(node.input(0)),
            op.hasResidual() ? new Elements(node.input(1)) : null,
            op.rowMask() == RowMask.NONE ? null : new Elements(node.inputs().getLast()),
            new Elements(node.output(0)));
    int rows = Math.toIntExact(node.output(0).rows());
    int blocks = (rows + MatrixProduct.ROWS - 1) / MatrixProduct.ROWS;
    return List.of(
        TiledLoop.of(
            (long) node.output(0).batch() * blocks,
            (tile, scratch) -> {
              int first = tile % blocks * MatrixProduct.ROWS;
              bound.rows(tile / blocks, first, Math.min(MatrixProduct.ROWS, rows - first));
            }));
  }

  private record Bound(
      Linear op,
      float[] weight,
      float @Nullable [] bias,
      Elements x,
      @Nullable Elements residual,
      @Nullable Elements mask,
      Elements out) {
    /** Some rows of an item, at most {@link MatrixProduct#ROWS}. */
    void rows(int item, int first, int count) {
      int depth = op.inFeatures();
      HeapScratch heap = HeapScratch.ofThread();
      double[] values = heap.values(MatrixProduct.ROWS * depth);
      Arrays.fill(values, 0, MatrixProduct.ROWS * depth, 0);
      for (int r = 0; r < count; r++) {
        if (!isMasked(item, first + r)) {
          x.read(item, first + r, 0, depth, values, r * depth);
        }
      }
      double[][] sums = heap.sums(op.outFeatures());
      MatrixProduct.add(values, depth, weight, 0, op.outFeatures(), sums);
      for (int r = 0; r < count; r++) {
        boolean zero = op.rowMask() == RowMask.ZERO_OUTPUT && isMasked(item, first + r);
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

    private boolean isMasked(int item, int row) {
      return mask != null && mask.u8(item, 0, row) == 0;
    }
  }
}
