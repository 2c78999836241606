package dev.detr4j.backend.reference;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.op.LevelShape;
import dev.detr4j.op.SinePositionEmbedding;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** {@link SinePositionEmbedding}, one cell a tile. */
final class ReferenceSinePositionEmbedding implements HostOp<SinePositionEmbedding> {
  private final HeapWeights weights;

  ReferenceSinePositionEmbedding(HeapWeights weights) {
    this.weights = weights;
  }

  @Override
  public List<HostKernel> bind(
      SinePositionEmbedding op, BoundNode node, HostContext context, MemorySegment workspace) {
    float[] addend = weights.plainOrNull(node.weightOrNull(0));
    float[] divisors = SineCode.divisors(op.features());
    Elements out = new Elements(node.output(0));
    int cells = op.height() * op.width();
    return List.of(
        TiledLoop.of(
            (long) op.valid().size() * cells,
            (tile, scratch) -> {
              int item = tile / cells;
              int cell = tile % cells;
              int row = cell / op.width();
              int column = cell % op.width();
              LevelShape valid = op.valid().get(item);
              // Outside the valid part nothing is counted, so the last count of such a column or
              // row is 0.
              int rows = column < valid.width() ? valid.height() : 0;
              int columns = row < valid.height() ? valid.width() : 0;
              float y = coordinate(Math.min(row + 1, rows), rows, op.offset());
              float x = coordinate(Math.min(column + 1, columns), columns, op.offset());
              for (int i = 0; i < 2 * op.features(); i++) {
                int feature = i % op.features();
                float value =
                    SineCode.feature(i < op.features() ? y : x, feature, divisors[feature]);
                out.f32(item, cell, i, addend == null ? value : value + addend[i]);
              }
            }));
  }

  private static float coordinate(int count, int last, float offset) {
    return (count + offset) / (last + 1e-6f) * SineCode.TWO_PI;
  }
}
