package dev.detr4j.backend.parity;

import dev.detr4j.op.CellAttention;
import dev.detr4j.op.LevelShape;
import java.util.ArrayList;
import java.util.List;

/**
 * Cases of the attention to single cells. Cells are chosen in fp32 in one order of operations, so
 * every backend must take the same ones.
 */
final class CellCases {
  private static final List<LevelShape> LEVELS =
      List.of(new LevelShape(11, 13), new LevelShape(6, 7), new LevelShape(3, 4));

  private CellCases() {}

  static List<OpCase> cellAttention() {
    List<OpCase> cases = new ArrayList<>();
    for (int n = 1; n <= 40; n++) {
      cases.add(of("head dim " + n, 1, 5, 2, n, LEVELS, 3, 4));
      cases.add(of("queries " + n, 2, n, 3, 16, LEVELS.subList(1, 3), 4, 4));
    }
    for (int points = 1; points <= 9; points++) {
      cases.add(of("points " + points, 1, 7, 2, 24, LEVELS, points, 6));
    }
    List<LevelShape> onePixel =
        List.of(new LevelShape(1, 1), new LevelShape(1, 9), new LevelShape(9, 1));
    cases.add(of("one pixel maps", 1, 19, 4, 24, onePixel, 4, 6));
    cases.add(of("far outside", 1, 19, 4, 24, LEVELS, 4, 1e12));
    cases.add(of("model sized", 1, 300, 8, 32, List.of(new LevelShape(40, 40)), 4, 4));
    cases.add(notNumbers());
    return cases;
  }

  private static OpCase of(
      String name,
      int batch,
      int queries,
      int heads,
      int headDim,
      List<LevelShape> levels,
      int points,
      double spread) {
    return builder("cell attention " + name, batch, queries, heads, headDim, levels, points, spread)
        .build(
            new CellAttention(heads, headDim, levels, points),
            Tolerance.ofSum(levels.size() * points + 2));
  }

  private static CaseBuilder builder(
      String name,
      int batch,
      int queries,
      int heads,
      int headDim,
      List<LevelShape> levels,
      int points,
      double spread) {
    CaseBuilder builder = new CaseBuilder(name);
    int samples = heads * levels.size() * points;
    long offsets = (long) batch * queries * samples * 2;
    return builder
        .input(batch, LevelShape.tokens(levels), heads * headDim)
        .input(builder.uniform(offsets, -spread, spread), batch, queries, samples * 2)
        .input(batch, queries, samples)
        .input(builder.uniform((long) batch * queries * 4, 0, 1), batch, queries, 4);
  }

  /** NaN places pick cell 0; NaN in a logit or value reaches its own head and query. */
  private static OpCase notNumbers() {
    return builder("cell attention with NaN and infinity", 1, 6, 2, 19, LEVELS, 2, 4)
        .put(0, 5 * 38 + 3, Double.NaN)
        .put(1, 3, Double.NaN)
        .put(1, 24 + 4, Double.POSITIVE_INFINITY)
        .put(1, 2 * 24 + 7, Double.NEGATIVE_INFINITY)
        .put(2, 3 * 12 + 2, Double.NaN)
        .put(2, 4 * 12 + 8, Double.NEGATIVE_INFINITY)
        .put(3, 5 * 4 + 1, Double.NaN)
        .build(new CellAttention(2, 19, LEVELS, 2), Tolerance.ofSum(8));
  }
}
