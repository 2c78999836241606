package dev.detr4j.backend.parity;

import dev.detr4j.op.Activation;
import dev.detr4j.op.Attention;
import dev.detr4j.op.BoxRefinement;
import dev.detr4j.op.BoxRefinement.Reference;
import dev.detr4j.op.GlobalResponseNorm;
import dev.detr4j.op.GroupNorm;
import dev.detr4j.op.LayerNorm;
import dev.detr4j.op.LevelShape;
import dev.detr4j.op.MaxPool;
import dev.detr4j.op.MsDeformAttention;
import dev.detr4j.op.WeightedOp;
import dev.detr4j.op.gradient.ActivationGradient;
import dev.detr4j.op.gradient.AttentionGradient;
import dev.detr4j.op.gradient.BoxRefinementGradient;
import dev.detr4j.op.gradient.GlobalResponseNormGradient;
import dev.detr4j.op.gradient.GroupNormGradient;
import dev.detr4j.op.gradient.LayerNormGradient;
import dev.detr4j.op.gradient.MaxPoolGradient;
import dev.detr4j.op.gradient.MsDeformAttentionGradient;
import dev.detr4j.op.gradient.RowSum;
import dev.detr4j.op.gradient.Spread;
import dev.detr4j.op.gradient.WeightValue;
import java.util.ArrayList;
import java.util.List;

/** Cases of the gradients of operations, but for those of {@link WeightGradientCases}. */
final class GradientCases {
  private static final List<LevelShape> LEVELS =
      List.of(new LevelShape(9, 13), new LevelShape(5, 7), new LevelShape(3, 4));

  private GradientCases() {}

  static List<OpCase> activation() {
    List<OpCase> cases = new ArrayList<>();
    for (int n = 1; n <= 40; n++) {
      cases.add(activation("columns " + n, Activation.RELU, 2, 3, n));
      cases.add(activation("columns " + n, Activation.GELU, 1, 3, n));
    }
    cases.add(activation("map", Activation.RELU, 2, 501, 48));
    cases.add(activation("map", Activation.GELU, 1, 301, 96));
    cases.add(
        new CaseBuilder("activation gradient of zeros and NaN")
            .input(1, 4, 21)
            .input(1, 4, 21)
            .put(1, 5, Double.NaN)
            .put(1, 40, 0)
            .put(1, 41, -0.0)
            .put(0, 50, Double.NaN)
            .build(new ActivationGradient(Activation.RELU), Tolerance.EXACT));
    CaseBuilder wide = new CaseBuilder("activation gradient of wide sums");
    cases.add(
        wide.input(1, 9, 37)
            .input(wide.uniform(9 * 37, -20, 20), 1, 9, 37)
            .build(new ActivationGradient(Activation.GELU), Tolerance.ofUnits(8)));
    return cases;
  }

  private static OpCase activation(
      String name, Activation activation, int batch, int rows, int columns) {
    CaseBuilder builder = new CaseBuilder("activation gradient " + activation + " " + name);
    builder.input(batch, rows, columns);
    builder.input(builder.uniform((long) batch * rows * columns, -4, 4), batch, rows, columns);
    return builder.build(
        new ActivationGradient(activation),
        activation == Activation.RELU ? Tolerance.EXACT : Tolerance.ofUnits(8));
  }

  static List<OpCase> attention() {
    List<OpCase> cases = new ArrayList<>();
    for (int n = 1; n <= 40; n++) {
      cases.add(attention("queries " + n, 1, n, 11, 2, 16, n % 2 == 0));
      cases.add(attention("keys " + n, 1, 5, n, 2, 8, n % 2 == 0));
      cases.add(attention("head dim " + n, 1, 6, 9, 3, n, false));
    }
    cases.add(attention("model sized", 1, 100, 130, 8, 32, false));
    cases.add(attention("padded batch", 2, 61, 97, 4, 32, true));
    cases.add(attention("one key", 2, 3, 1, 2, 32, true));
    CaseBuilder masked = attentionInputs("masked NaN", 1, 7, 10, 2, 12, true);
    for (int c = 0; c < 24; c++) {
      masked.put(1, 4 * 24 + c, Double.NaN).put(2, 4 * 24 + c, Double.NaN);
    }
    masked.put(3, 4, 0);
    cases.add(
        masked.build(
            new AttentionGradient(new Attention(2, 12, 0.25f, true)), Tolerance.ofUnits(96)));
    return cases;
  }

  private static OpCase attention(
      String name, int batch, int queries, int keys, int heads, int headDim, boolean mask) {
    float scale = (float) (1 / Math.sqrt(headDim));
    // A score is a sum of headDim products, and a gradient one of as many queries or keys.
    return attentionInputs(name, batch, queries, keys, heads, headDim, mask)
        .build(
            new AttentionGradient(new Attention(heads, headDim, scale, mask)),
            Tolerance.ofUnits(48 + headDim + (queries + keys) / 4.0));
  }

  private static CaseBuilder attentionInputs(
      String name, int batch, int queries, int keys, int heads, int headDim, boolean mask) {
    CaseBuilder builder = new CaseBuilder("attention gradient " + name);
    int columns = heads * headDim;
    builder.input(batch, queries, columns).input(batch, keys, columns).input(batch, keys, columns);
    if (mask) {
      builder.bytes(builder.mask(batch, keys), batch, keys);
    }
    return builder.input(batch, queries, columns);
  }

  static List<OpCase> boxRefinement() {
    List<OpCase> cases = new ArrayList<>();
    for (Reference reference : Reference.values()) {
      if (reference == Reference.RELATIVE) {
        continue; // It has no sigmoid; the gradient refuses it.
      }
      for (int columns : reference == Reference.NONE ? new int[] {2, 4} : new int[] {4}) {
        for (boolean learns : new boolean[] {false, true}) {
          if (!learns || reference != Reference.NONE) {
            cases.add(boxRefinement(reference, columns, learns));
          }
        }
      }
    }
    return cases;
  }

  private static OpCase boxRefinement(Reference reference, int columns, boolean learns) {
    CaseBuilder builder =
        new CaseBuilder("box refinement gradient " + reference + " " + columns + " " + learns);
    builder.input(builder.uniform(2L * 37 * columns, 0.01, 0.99), 2, 37, columns);
    if (learns) {
      double[] values = builder.uniform(2L * 37 * reference.columns(), 0.05, 0.95);
      values[1] = 0;
      values[2] = 1;
      values[3] = 1e-6f;
      values[4] = -0.5;
      values[5] = 1.5;
      builder.input(values, 2, 37, reference.columns());
    }
    builder.input(2, 37, columns);
    // A slope is at most 21 there.
    return builder.build(
        new BoxRefinementGradient(new BoxRefinement(reference, columns, 1e-5f), learns),
        Tolerance.ofUnits(16));
  }

  static List<OpCase> layerNorm() {
    List<OpCase> cases = new ArrayList<>();
    for (int n = 1; n <= 40; n++) {
      cases.add(layerNorm("channels " + n, 1, 4, n, n % 2 == 0));
      cases.add(layerNorm("rows " + n, 1, n, 24, n % 2 == 1));
    }
    cases.add(layerNorm("model sized", 2, 101, 256, true));
    cases.add(layerNorm("many tiles", 1, 3001, 40, false));
    cases.add(layerNorm("odd wide", 1, 7, 1021, false));
    return cases;
  }

  private static OpCase layerNorm(
      String name, int batch, int rows, int channels, boolean residual) {
    CaseBuilder builder = new CaseBuilder("layer norm gradient " + name);
    builder.input(batch, rows, channels);
    if (residual) {
      builder.input(batch, rows, channels);
    }
    builder.input(batch, rows, channels);
    sums(builder, channels);
    LayerNorm of = new LayerNorm(channels, 1e-5f, residual, false);
    // Few channels can lie close together, which magnifies the rounding of their mean, and the
    // deviation that it is divided by; sums grow as the root of their length.
    double units = (channels < 8 ? 20_000 : 96 + channels / 8.0) + 8 * Math.sqrt(batch * rows);
    return builder.build(
        WeightedOp.of(new LayerNormGradient(of), builder.weight("weight", -1, 1, channels)),
        Tolerance.ofUnits(units));
  }

  private static void sums(CaseBuilder builder, int channels) {
    builder.denseInput(builder.uniform(channels, -1, 1), 1, channels);
    builder.denseInput(builder.uniform(channels, -1, 1), 1, channels);
  }

  static List<OpCase> groupNorm() {
    List<OpCase> cases = new ArrayList<>();
    for (int n = 1; n <= 40; n++) {
      cases.add(groupNorm("channels " + n, 1, 5, 6, 1, n, 0));
      cases.add(groupNorm("width " + n, 1, 4, n, 4, 12, 0));
    }
    cases.add(groupNorm("model sized", 2, 17, 23, 32, 256, 0));
    cases.add(groupNorm("groups of one", 1, 5, 6, 32, 32, 0));
    cases.add(groupNorm("mean far from zero", 1, 9, 8, 4, 24, 20));
    return cases;
  }

  private static OpCase groupNorm(
      String name, int batch, int height, int width, int groups, int channels, double mean) {
    CaseBuilder builder = new CaseBuilder("group norm gradient " + name);
    long count = (long) batch * height * width * channels;
    builder.input(builder.uniform(count, mean - 1, mean + 1), batch, height, width, channels);
    builder.input(batch, height, width, channels);
    sums(builder, channels);
    double units = 128 * (1 + mean) + 8 * Math.sqrt(batch * height * width);
    return builder.build(
        WeightedOp.of(
            new GroupNormGradient(new GroupNorm(groups, channels, 1e-5f)),
            builder.weight("weight", -1, 1, channels)),
        Tolerance.ofUnits(units));
  }

  static List<OpCase> globalResponseNorm() {
    List<OpCase> cases = new ArrayList<>();
    for (int n = 1; n <= 40; n++) {
      cases.add(globalResponseNorm("channels " + n, 1, 5, 6, n));
      cases.add(globalResponseNorm("width " + n, 2, 4, n, 12));
    }
    cases.add(globalResponseNorm("model sized", 1, 31, 27, 192));
    return cases;
  }

  private static OpCase globalResponseNorm(
      String name, int batch, int height, int width, int channels) {
    CaseBuilder builder = new CaseBuilder("global response norm gradient " + name);
    builder.input(batch, height, width, channels).input(batch, height, width, channels);
    sums(builder, channels);
    return builder.build(
        WeightedOp.of(
            new GlobalResponseNormGradient(new GlobalResponseNorm(channels, 1e-6f)),
            builder.weight("weight", -1, 1, channels)),
        Tolerance.ofUnits(48 + 4 * Math.sqrt(batch * height * width)));
  }

  static List<OpCase> maxPool() {
    List<OpCase> cases = new ArrayList<>();
    for (int n = 1; n <= 40; n++) {
      cases.add(maxPool("channels " + n, new MaxPool(3, 2, 1), 1, 5, 6, n));
      cases.add(maxPool("width " + n, new MaxPool(3, 2, 1), 1, 3, n, 9));
    }
    cases.add(maxPool("stem", new MaxPool(3, 2, 1), 2, 23, 31, 64));
    cases.add(maxPool("no padding", new MaxPool(2, 2, 0), 1, 8, 11, 20));
    cases.add(maxPool("overlapping", new MaxPool(5, 1, 2), 1, 7, 9, 20));
    CaseBuilder ties = new CaseBuilder("max pool gradient of ties and NaN");
    ties.input(ties.whole(9 * 10 * 19, 0, 3), 1, 9, 10, 19).input(1, 5, 5, 19);
    for (int i = 0; i < 9 * 10 * 19; i += 29) {
      ties.put(0, i, Double.NaN);
    }
    cases.add(ties.build(new MaxPoolGradient(new MaxPool(3, 2, 1)), Tolerance.ofUnits(4)));
    return cases;
  }

  private static OpCase maxPool(
      String name, MaxPool op, int batch, int height, int width, int channels) {
    int outHeight = (height + 2 * op.padding() - op.kernel()) / op.stride() + 1;
    int outWidth = (width + 2 * op.padding() - op.kernel()) / op.stride() + 1;
    return new CaseBuilder("max pool gradient " + name)
        .input(batch, height, width, channels)
        .input(batch, outHeight, outWidth, channels)
        .build(new MaxPoolGradient(op), Tolerance.ofUnits(16));
  }

  static List<OpCase> msDeformAttention() {
    List<OpCase> cases = new ArrayList<>();
    for (int n = 1; n <= 40; n++) {
      cases.add(sampling("queries " + n, 1, n, 2, 8, 4, n % 2 == 0 ? 2 : 4, 2, n % 3 == 0));
      cases.add(sampling("head dim " + n, 1, 5, 3, n, 3, n % 2 == 0 ? 4 : 2, 2, n % 3 == 0));
    }
    cases.add(sampling("model sized", 1, 159, 8, 32, 4, 2, 2, false));
    cases.add(sampling("decoder", 2, 31, 8, 32, 4, 4, 2, true));
    cases.add(sampling("outside", 1, 31, 4, 16, 4, 2, 30, true));
    return cases;
  }

  private static OpCase sampling(
      String name,
      int batch,
      int queries,
      int heads,
      int headDim,
      int points,
      int columns,
      double reach,
      boolean learns) {
    CaseBuilder builder = new CaseBuilder("deformable gradient " + name);
    int samples = heads * LEVELS.size() * points;
    int tokens = LevelShape.tokens(LEVELS);
    builder
        .input(batch, tokens, heads * headDim)
        .input(
            builder.uniform((long) batch * queries * samples * 2, -reach, reach),
            batch,
            queries,
            samples * 2)
        .input(builder.uniform((long) batch * queries * samples, -2, 2), batch, queries, samples)
        .input(
            builder.uniform((long) batch * queries * columns, 0.05, 0.95), batch, queries, columns)
        .denseInput(
            builder.uniform((long) batch * LEVELS.size() * 2, 0.5, 1), batch, LEVELS.size(), 2)
        .input(batch, queries, heads * headDim);
    MsDeformAttention of = new MsDeformAttention(heads, headDim, LEVELS, points, columns);
    // As for the attention itself, a location is off by some units of the map's extent; a
    // reference adds what all heads and samples have, times that extent.
    double units = headDim * (8 + 13.0) + (learns ? 13 * Math.sqrt(samples * headDim) * 16 : 0);
    return builder.build(new MsDeformAttentionGradient(of, learns), Tolerance.ofUnits(units));
  }

  static List<OpCase> rowSum() {
    List<OpCase> cases = new ArrayList<>();
    for (int n = 1; n <= 40; n++) {
      cases.add(rowSum("columns " + n, 2, 7, n));
      cases.add(rowSum("rows " + n, 1, n, 20));
    }
    cases.add(rowSum("many rows", 2, 3001, 256));
    return cases;
  }

  private static OpCase rowSum(String name, int batch, int rows, int columns) {
    CaseBuilder builder = new CaseBuilder("row sum " + name);
    builder.input(batch, rows, columns);
    builder.denseInput(builder.uniform(columns, -1, 1), 1, columns);
    return builder.build(new RowSum(), Tolerance.ofSum(batch * rows));
  }

  static List<OpCase> spread() {
    List<OpCase> cases = new ArrayList<>();
    for (int n = 1; n <= 40; n++) {
      cases.add(
          new CaseBuilder("spread channels " + n)
              .input(2, 3, 4, n)
              .build(new Spread(2, 5 + n % 2, 7 + n % 3), Tolerance.EXACT));
    }
    cases.add(
        new CaseBuilder("spread by four")
            .input(1, 5, 3, 31)
            .build(new Spread(4, 20, 11), Tolerance.EXACT));
    return cases;
  }

  static List<OpCase> weightValue() {
    List<OpCase> cases = new ArrayList<>();
    for (int n = 1; n <= 40; n++) {
      CaseBuilder builder = new CaseBuilder("weight value columns " + n);
      cases.add(
          builder.build(
              WeightedOp.of(new WeightValue(2, 5, n), builder.weight("weight", -1, 1, 5, n)),
              Tolerance.EXACT));
    }
    return cases;
  }
}
