package dev.detr4j.backend.parity;

import dev.detr4j.op.Attention;
import dev.detr4j.op.LevelShape;
import dev.detr4j.op.MsDeformAttention;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Cases of both attentions. */
final class AttentionCases {
  private AttentionCases() {}

  static List<OpCase> attention() {
    List<OpCase> cases = new ArrayList<>();
    for (int n = 1; n <= 40; n++) {
      cases.add(attention("queries " + n, 1, n, 11, 2, 16, n % 2 == 0, 1));
      cases.add(attention("keys " + n, 1, 5, n, 2, 8, n % 2 == 0, 1));
      cases.add(attention("head dim " + n, 1, 6, 9, 3, n, false, 1));
    }
    cases.add(attention("model sized", 1, 100, 130, 8, 32, false, 1));
    cases.add(attention("padded batch", 2, 61, 97, 8, 32, true, 1));
    cases.add(attention("sharp", 1, 17, 40, 4, 32, true, 30));
    cases.add(attention("one key", 2, 3, 1, 2, 32, true, 1));
    cases.add(attention("wide heads", 1, 7, 19, 1, 256, false, 1));
    cases.add(maskedNaN());
    cases.add(hugeScores(1e18, 32, false));
    cases.add(hugeScores(1e30, 7, false));
    cases.add(hugeScores(1e30, 32, true));
    cases.add(hugeScores(1e30, 1, true));
    CaseBuilder odd = new CaseBuilder("attention NaN in a query");
    cases.add(
        odd.input(1, 9, 64)
            .input(1, 21, 64)
            .input(1, 21, 64)
            .put(0, 4 * 64 + 3, Double.NaN)
            .build(new Attention(2, 32, 0.17f, false), Tolerance.ofUnits(64)));
    return cases;
  }

  private static OpCase attention(
      String name,
      int batch,
      int queries,
      int keys,
      int heads,
      int headDim,
      boolean mask,
      double sharpness) {
    CaseBuilder builder = new CaseBuilder("attention " + name);
    int columns = heads * headDim;
    builder.input(
        builder.uniform((long) batch * queries * columns, -sharpness, sharpness),
        batch,
        queries,
        columns);
    builder.input(batch, keys, columns).input(batch, keys, columns);
    if (mask) {
      builder.bytes(builder.mask(batch, keys), batch, keys);
    }
    float scale = (float) (1 / Math.sqrt(headDim));
    // The rounding of a logit becomes a relative error of its weight.
    double units = (16 + headDim / 2.0 + keys / 8.0) * Math.max(1, sharpness / 4);
    return builder.build(new Attention(heads, headDim, scale, mask), Tolerance.ofUnits(units));
  }

  /**
   * Scores far beyond what a float resolves in steps of 1: one key takes all the weight, and the
   * rounding of the largest score must not push it past what the exponential was shifted by.
   */
  private static OpCase hugeScores(double largest, int headDim, boolean mask) {
    CaseBuilder builder =
        new CaseBuilder("attention scores of %.0e, head dim %d".formatted(largest, headDim));
    int columns = 3 * headDim;
    double each = Math.sqrt(largest);
    builder
        .input(builder.uniform(2L * 13 * columns, -each, each), 2, 13, columns)
        .input(builder.uniform(2L * 37 * columns, -each, each), 2, 37, columns)
        .input(2, 37, columns);
    if (mask) {
      builder.bytes(builder.mask(2, 37), 2, 37);
    }
    float scale = (float) (1 / Math.sqrt(headDim));
    return builder.build(new Attention(3, headDim, scale, mask), Tolerance.ofUnits(16));
  }

  /** What a masked key holds does not matter, not even NaN. */
  private static OpCase maskedNaN() {
    CaseBuilder builder = new CaseBuilder("attention masked NaN");
    int keys = 33;
    double[] valid = builder.mask(2, keys);
    builder.input(2, 10, 48).input(2, keys, 48).input(2, keys, 48).bytes(valid, 2, keys);
    for (int key = 0; key < valid.length; key++) {
      if (valid[key] == 0) {
        for (int c = 0; c < 48; c += 5) {
          builder.put(1, key * 48 + c, key % 2 == 0 ? Double.NaN : Double.POSITIVE_INFINITY);
          builder.put(2, key * 48 + c, key % 3 == 0 ? Double.NaN : Double.NEGATIVE_INFINITY);
        }
      }
    }
    return builder.build(new Attention(3, 16, 0.25f, true), Tolerance.ofUnits(40));
  }

  private static final List<LevelShape> FOUR_LEVELS =
      List.of(
          new LevelShape(13, 17), new LevelShape(7, 9), new LevelShape(4, 5), new LevelShape(2, 3));

  /** Where the sampling points of a case lie. */
  private enum Points {
    INSIDE,
    OUTSIDE,
    CENTRES,
    BORDERS,
    FAR
  }

  static List<OpCase> msDeformAttention() {
    List<OpCase> cases = new ArrayList<>();
    for (int n = 1; n <= 40; n++) {
      cases.add(
          deformable(
              "head dim " + n,
              1,
              5,
              2,
              n,
              List.of(new LevelShape(5, 7), new LevelShape(3, 4)),
              3,
              2,
              Points.INSIDE));
      cases.add(
          deformable(
              "queries " + n, 1, n, 2, 32, List.of(new LevelShape(6, 5)), 4, 4, Points.OUTSIDE));
    }
    for (Points points : Points.values()) {
      cases.add(deformable("points " + points, 2, 23, 8, 32, FOUR_LEVELS, 4, 2, points));
      cases.add(deformable("boxes " + points, 2, 23, 8, 32, FOUR_LEVELS, 4, 4, points));
    }
    for (int points = 1; points <= 9; points++) {
      cases.add(
          deformable(
              "samples " + points,
              1,
              7,
              3,
              16,
              FOUR_LEVELS.subList(0, 3),
              points,
              2,
              Points.INSIDE));
    }
    List<LevelShape> onePixel =
        List.of(new LevelShape(1, 1), new LevelShape(1, 9), new LevelShape(9, 1));
    cases.add(deformable("one pixel maps", 1, 19, 4, 24, onePixel, 4, 2, Points.OUTSIDE));
    cases.add(deformable("one pixel borders", 1, 19, 4, 24, onePixel, 4, 2, Points.BORDERS));
    cases.add(
        deformable(
            "model sized",
            1,
            300,
            8,
            32,
            List.of(new LevelShape(50, 67), new LevelShape(25, 34)),
            4,
            2,
            Points.INSIDE));
    cases.add(notNumbers());
    cases.add(hugeLogits(1e18));
    cases.add(hugeLogits(1e30));
    for (int headDim : new int[] {1, 7, 16, 33, 100, 256}) {
      cases.add(sharedValue("head dim " + headDim, 2, 13, 3, headDim, 2, Points.INSIDE));
    }
    for (Points points : Points.values()) {
      cases.add(sharedValue("points " + points, 1, 19, 8, 64, 2, points));
      cases.add(sharedValue("boxes " + points, 1, 19, 8, 64, 4, points));
    }
    return cases;
  }

  private static OpCase deformable(
      String name,
      int batch,
      int queries,
      int heads,
      int headDim,
      List<LevelShape> levels,
      int points,
      int columns,
      Points kind) {
    CaseBuilder builder = new CaseBuilder("deformable " + name);
    inputs(builder, batch, queries, heads, heads * headDim, levels, points, columns, kind);
    return builder.build(
        new MsDeformAttention(heads, headDim, levels, points, columns), tolerance(levels, points));
  }

  /** Logits of which one sample takes all the weight. */
  private static OpCase hugeLogits(double largest) {
    CaseBuilder builder = new CaseBuilder("deformable logits of %.0e".formatted(largest));
    inputs(builder, 1, 29, 4, 4 * 16, FOUR_LEVELS, 3, 2, Points.INSIDE);
    for (int i = 0; i < 29 * 4 * FOUR_LEVELS.size() * 3; i++) {
      builder.put(2, i, builder.uniform(1, -largest, largest)[0]);
    }
    return builder.build(
        new MsDeformAttention(4, 16, FOUR_LEVELS, 3, 2), tolerance(FOUR_LEVELS, 3));
  }

  /** All heads sample the same channels. */
  private static OpCase sharedValue(
      String name, int batch, int queries, int heads, int headDim, int columns, Points kind) {
    CaseBuilder builder = new CaseBuilder("deformable shared value " + name);
    inputs(builder, batch, queries, heads, headDim, FOUR_LEVELS, 4, columns, kind);
    return builder.build(
        new MsDeformAttention(heads, headDim, FOUR_LEVELS, 4, columns, true),
        tolerance(FOUR_LEVELS, 4));
  }

  private static Tolerance tolerance(List<LevelShape> levels, int points) {
    int extent = 1;
    for (LevelShape level : levels) {
      extent = Math.max(extent, Math.max(level.height(), level.width()));
    }
    // A location near 1 has an error of half a unit, which the map's extent turns into pixels, and
    // the slope of the values into twice that.
    return Tolerance.ofUnits(16 + 4.0 * extent + levels.size() * points);
  }

  private static void inputs(
      CaseBuilder builder,
      int batch,
      int queries,
      int heads,
      int valueColumns,
      List<LevelShape> levels,
      int points,
      int columns,
      Points kind) {
    int samples = levels.size() * points;
    double[] references = builder.uniform((long) batch * queries * columns, 0.05, 0.95);
    double[] ratios = builder.uniform((long) batch * levels.size() * 2, 0.5, 1);
    double[] offsets = builder.uniform((long) batch * queries * heads * samples * 2, -2, 2);
    if (kind == Points.OUTSIDE) {
      offsets = builder.uniform(offsets.length, -30, 30);
    } else if (kind == Points.FAR) {
      for (int i = 0; i < offsets.length; i++) {
        offsets[i] =
            switch (i % 7) {
              case 0 -> 3e9;
              case 1 -> -3e9;
              case 2 -> 1e30f;
              case 3 -> -1e30f;
              case 4 -> Double.POSITIVE_INFINITY;
              case 5 -> Double.NEGATIVE_INFINITY;
              default -> offsets[i];
            };
      }
    } else if (kind != Points.INSIDE) {
      // References of 1/2, boxes of 1 and whole or half offsets fall on centres and borders of
      // every map, and a little beyond.
      Arrays.fill(references, 0.5);
      for (int i = 0; columns == 4 && i < references.length; i++) {
        references[i] = i % 4 < 2 ? 0.5 : 1;
      }
      Arrays.fill(ratios, 1);
      for (int i = 0; i < offsets.length; i++) {
        double half = kind == Points.CENTRES ? 0.5 : 1;
        offsets[i] =
            columns == 4
                ? points * (Math.round(offsets[i]) / 2.0)
                : Math.round(offsets[i] * 6) * half;
      }
    }
    builder
        .input(batch, LevelShape.tokens(levels), valueColumns)
        .input(offsets, batch, queries, heads * samples * 2)
        .input(
            builder.uniform((long) batch * queries * heads * samples, -4, 4),
            batch,
            queries,
            heads * samples)
        .input(references, batch, queries, columns)
        .denseInput(ratios, batch, levels.size(), 2);
  }

  /**
   * NaN in offsets, logits, references or values reaches only its own query, or only its own head;
   * what becomes of those is open.
   */
  private static OpCase notNumbers() {
    int heads = 4;
    int headDim = 16;
    int points = 4;
    int samples = FOUR_LEVELS.size() * points;
    CaseBuilder builder = new CaseBuilder("deformable with NaN");
    inputs(builder, 1, 11, heads, heads * headDim, FOUR_LEVELS, points, 2, Points.INSIDE);
    int columns = heads * headDim;
    builder
        .put(1, (2 * heads + 1) * samples * 2 + 9, Double.NaN)
        .put(2, (5 * heads + 2) * samples + 3, Double.NaN)
        .put(3, 2 * 7, Double.NaN);
    for (int token = 0; token < LevelShape.tokens(FOUR_LEVELS); token += 3) {
      builder.put(0, token * columns + 3 * headDim + 2, Double.NaN);
    }
    builder.unspecified((output, element, expected) -> {
      int query = element / columns;
      int head = element % columns / headDim;
      return (head == 3 && element % headDim == 2)
          || (query == 2 && head == 1)
          || (query == 5 && head == 2)
          || query == 7;
    });
    return builder.build(
        new MsDeformAttention(heads, headDim, FOUR_LEVELS, points, 2),
        tolerance(FOUR_LEVELS, points));
  }
}
