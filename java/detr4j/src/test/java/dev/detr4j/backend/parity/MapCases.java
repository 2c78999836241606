package dev.detr4j.backend.parity;

import dev.detr4j.image.FloatLinear;
import dev.detr4j.image.OpenCvLinear;
import dev.detr4j.image.PixelSize;
import dev.detr4j.image.ResamplingPlan;
import dev.detr4j.op.Add;
import dev.detr4j.op.GlobalResponseNorm;
import dev.detr4j.op.GroupNorm;
import dev.detr4j.op.LayerNorm;
import dev.detr4j.op.LevelShape;
import dev.detr4j.op.MaxPool;
import dev.detr4j.op.ResamplingTable;
import dev.detr4j.op.ResizeNormalize;
import dev.detr4j.op.SinePositionEmbedding;
import dev.detr4j.op.WeightedOp;
import dev.detr4j.tensor.Weight;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Cases of the operations on maps and rows that multiply no matrices. */
final class MapCases {
  private MapCases() {}

  static List<OpCase> add() {
    List<OpCase> cases = new ArrayList<>();
    for (int n = 1; n <= 40; n++) {
      cases.add(
          new CaseBuilder("add columns " + n)
              .input(2, 3, n)
              .input(2, 3, n)
              .build(new Add(), Tolerance.EXACT));
    }
    cases.add(
        new CaseBuilder("add map")
            .input(2, 31, 17, 48)
            .input(2, 31, 17, 48)
            .build(new Add(), Tolerance.EXACT));
    cases.add(
        new CaseBuilder("add with NaN and infinity")
            .input(1, 4, 21)
            .input(1, 4, 21)
            .put(0, 5, Double.NaN)
            .put(0, 40, Double.POSITIVE_INFINITY)
            .put(1, 40, Double.NEGATIVE_INFINITY)
            .put(1, 83, Double.NEGATIVE_INFINITY)
            .build(new Add(), Tolerance.EXACT));
    return cases;
  }

  static List<OpCase> maxPool() {
    List<OpCase> cases = new ArrayList<>();
    for (int n = 1; n <= 40; n++) {
      cases.add(maxPool("channels " + n, new MaxPool(3, 2, 1), 1, 5, 6, n));
      cases.add(maxPool("width " + n, new MaxPool(3, 2, 1), 1, 3, n, 9));
    }
    cases.add(maxPool("stem", new MaxPool(3, 2, 1), 2, 23, 31, 64));
    cases.add(maxPool("one pixel", new MaxPool(3, 2, 1), 1, 1, 1, 33));
    cases.add(maxPool("no padding", new MaxPool(2, 2, 0), 1, 8, 11, 20));
    cases.add(maxPool("overlapping", new MaxPool(5, 1, 2), 1, 7, 9, 20));
    CaseBuilder odd = new CaseBuilder("max pool with NaN and infinity").input(1, 9, 10, 19);
    for (int i = 0; i < 9 * 10 * 19; i += 29) {
      odd.put(0, i, i % 2 == 0 ? Double.NaN : Double.NEGATIVE_INFINITY);
    }
    cases.add(odd.build(new MaxPool(3, 2, 1), Tolerance.EXACT));
    double[] lowest = new double[4 * 4 * 5];
    Arrays.fill(lowest, Double.NEGATIVE_INFINITY);
    cases.add(
        new CaseBuilder("max pool of negative infinities")
            .input(lowest, 1, 4, 4, 5)
            .build(new MaxPool(3, 2, 1), Tolerance.EXACT));
    return cases;
  }

  private static OpCase maxPool(
      String name, MaxPool op, int batch, int height, int width, int channels) {
    return new CaseBuilder("max pool " + name)
        .input(batch, height, width, channels)
        .build(op, Tolerance.EXACT);
  }

  static List<OpCase> layerNorm() {
    List<OpCase> cases = new ArrayList<>();
    for (int n = 1; n <= 40; n++) {
      cases.add(layerNorm("channels " + n, 1, 4, n, 0, n % 2 == 0, n % 3 == 0));
      cases.add(layerNorm("rows " + n, 1, n, 24, 0, n % 2 == 1, n % 3 == 1));
    }
    cases.add(layerNorm("model sized", 2, 101, 256, 0, true, true));
    cases.add(layerNorm("wide", 1, 30, 512, 0, false, false));
    cases.add(layerNorm("odd wide", 1, 7, 1021, 0, true, false));
    cases.add(layerNorm("mean far from zero", 1, 9, 96, 20, true, false));
    // In place as the plan does it: y over the residual, y + addend over the addend.
    cases.add(
        layerNormBuilder("in place", 2, 13, 40, 0, true, true)
            .alias(0, 1)
            .alias(1, 2)
            .build(layerNormOp("in place", 40, true, true), Tolerance.ofUnits(24)));
    CaseBuilder odd = layerNormBuilder("with NaN and a constant row", 1, 6, 37, 0, false, false);
    odd.put(0, 2 * 37 + 5, Double.NaN);
    for (int c = 0; c < 37; c++) {
      odd.put(0, 4 * 37 + c, 0.75);
    }
    cases.add(
        odd.build(
            layerNormOp("with NaN and a constant row", 37, false, false), Tolerance.ofUnits(24)));
    return cases;
  }

  private static OpCase layerNorm(
      String name,
      int batch,
      int rows,
      int channels,
      double mean,
      boolean residual,
      boolean addend) {
    // Few channels can lie close together, which magnifies the rounding of their mean; a mean far
    // from zero does so always.
    double units = (channels < 8 ? 400 : 24 + channels / 16.0) * (1 + mean);
    return layerNormBuilder(name, batch, rows, channels, mean, residual, addend)
        .build(layerNormOp(name, channels, residual, addend), Tolerance.ofUnits(units));
  }

  private static CaseBuilder layerNormBuilder(
      String name,
      int batch,
      int rows,
      int channels,
      double mean,
      boolean residual,
      boolean addend) {
    CaseBuilder builder = new CaseBuilder("layer norm " + name);
    long count = (long) batch * rows * channels;
    builder.input(builder.uniform(count, mean - 1, mean + 1), batch, rows, channels);
    if (residual) {
      builder.input(batch, rows, channels);
    }
    if (addend) {
      builder.input(batch, rows, channels);
    }
    return builder;
  }

  private static WeightedOp<LayerNorm> layerNormOp(
      String name, int channels, boolean residual, boolean addend) {
    CaseBuilder weights = new CaseBuilder("layer norm weights " + name);
    Weight weight = weights.weight("weight", 0.5, 1.5, channels);
    Weight bias = weights.weight("bias", -1, 1, channels);
    return WeightedOp.of(new LayerNorm(channels, 1e-5f, residual, addend), weight, bias);
  }

  static List<OpCase> groupNorm() {
    List<OpCase> cases = new ArrayList<>();
    for (int n = 1; n <= 40; n++) {
      cases.add(groupNorm("pixels " + n, 1, 1, n, 4, 32, 0));
      cases.add(groupNorm("channels of a group " + n, 1, 5, 7, 3, 3 * n, 0));
    }
    cases.add(groupNorm("neck", 2, 25, 34, 32, 256, 0));
    cases.add(groupNorm("one group", 1, 6, 5, 1, 17, 0));
    cases.add(groupNorm("group a channel", 1, 6, 5, 19, 19, 0));
    cases.add(groupNorm("one pixel", 2, 1, 1, 32, 256, 0));
    cases.add(groupNorm("mean far from zero", 1, 13, 11, 8, 64, 20));
    CaseBuilder odd =
        new CaseBuilder("group norm with NaN").input(2, 4, 5, 12).put(0, 29, Double.NaN);
    cases.add(odd.build(groupNormOp(odd, 4, 12), Tolerance.ofUnits(32)));
    return cases;
  }

  private static OpCase groupNorm(
      String name, int batch, int height, int width, int groups, int channels, double mean) {
    CaseBuilder builder = new CaseBuilder("group norm " + name);
    long count = (long) batch * height * width * channels;
    builder.input(builder.uniform(count, mean - 1, mean + 1), batch, height, width, channels);
    int length = height * width * channels / groups;
    double units = (length < 8 ? 400 : 32) * (1 + mean);
    return builder.build(groupNormOp(builder, groups, channels), Tolerance.ofUnits(units));
  }

  private static WeightedOp<GroupNorm> groupNormOp(CaseBuilder builder, int groups, int channels) {
    Weight weight = builder.weight("weight", 0.5, 1.5, channels);
    Weight bias = builder.weight("bias", -1, 1, channels);
    return WeightedOp.of(new GroupNorm(groups, channels, 1e-5f), weight, bias);
  }

  static List<OpCase> globalResponseNorm() {
    List<OpCase> cases = new ArrayList<>();
    for (int n = 1; n <= 40; n++) {
      cases.add(globalResponseNorm("pixels " + n, 1, 1, n, 24));
      cases.add(globalResponseNorm("channels " + n, 1, 5, 7, n));
    }
    cases.add(globalResponseNorm("first stage", 1, 64, 80, 384));
    cases.add(globalResponseNorm("batch", 2, 13, 11, 192));
    cases.add(globalResponseNorm("one pixel", 2, 1, 1, 96));
    CaseBuilder odd =
        new CaseBuilder("global response norm with NaN").input(2, 4, 5, 12).put(0, 29, Double.NaN);
    cases.add(odd.build(globalResponseNormOp(odd, 12), Tolerance.ofUnits(16)));
    return cases;
  }

  private static OpCase globalResponseNorm(
      String name, int batch, int height, int width, int channels) {
    CaseBuilder builder =
        new CaseBuilder("global response norm " + name).input(batch, height, width, channels);
    // The response of a channel is at most the number of channels, and for inputs alike about 1.
    return builder.build(globalResponseNormOp(builder, channels), Tolerance.ofUnits(16));
  }

  private static WeightedOp<GlobalResponseNorm> globalResponseNormOp(
      CaseBuilder builder, int channels) {
    Weight weight = builder.weight("weight", 0.5, 1.5, 1, 1, 1, channels);
    Weight bias = builder.weight("bias", -1, 1, 1, 1, 1, channels);
    return WeightedOp.of(new GlobalResponseNorm(channels, 1e-6f), weight, bias);
  }

  static List<OpCase> sinePositionEmbedding() {
    List<OpCase> cases = new ArrayList<>();
    cases.add(sine("whole map", 25, 34, 128, -0.5f, true, new LevelShape(25, 34)));
    cases.add(sine("detr", 19, 23, 128, 0, false, new LevelShape(19, 23)));
    cases.add(sine("one cell", 1, 1, 128, -0.5f, true, new LevelShape(1, 1)));
    cases.add(
        sine("padded batch", 9, 14, 64, -0.5f, true, new LevelShape(9, 11), new LevelShape(5, 14)));
    cases.add(
        sine(
            "padded batch detr", 9, 14, 64, 0, false, new LevelShape(7, 14), new LevelShape(1, 3)));
    for (int features = 2; features <= 40; features += 2) {
      cases.add(
          sine(
              "features " + features,
              3,
              4,
              features,
              -0.5f,
              features % 4 == 0,
              new LevelShape(3, 4)));
    }
    return cases;
  }

  private static OpCase sine(
      String name,
      int height,
      int width,
      int features,
      float offset,
      boolean level,
      LevelShape... valid) {
    CaseBuilder builder = new CaseBuilder("sine " + name);
    SinePositionEmbedding sine =
        new SinePositionEmbedding(height, width, features, offset, List.of(valid), level);
    WeightedOp<SinePositionEmbedding> op =
        level
            ? WeightedOp.of(sine, builder.weight("level", -1, 1, 2 * features))
            : WeightedOp.of(sine);
    // The angles are defined to the last bit; what is left is a sine, and a sum of two numbers up
    // to 1.
    return builder.build(op, Tolerance.ofUnits(4));
  }

  static List<OpCase> resizeNormalize() {
    List<OpCase> cases = new ArrayList<>();
    for (int n = 1; n <= 40; n++) {
      cases.add(resize("width " + n, 9, 23, 7, n, 8, n + 3, true, true));
      cases.add(resize("height " + n, 17, 11, n, 5, n, 5, true, true));
    }
    for (int n = 1; n <= 40; n++) {
      cases.add(openCv("width " + n, 9, 23, 7, n, n % 3));
      cases.add(openCv("height " + n, 17, 11, n, 5, n % 3));
    }
    for (int n = 1; n <= 40; n++) {
      cases.add(linear("width " + n, 9, 23, 7, n, n % 3));
      cases.add(linear("height " + n, 17, 11, n, 5, n % 3));
    }
    cases.add(linear("one pixel", 1, 1, 3, 4, 0));
    cases.add(linear("enlarged", 12, 15, 50, 67, 2));
    cases.add(linear("reduced", 120, 95, 31, 29, 1));
    cases.add(linear("width kept", 20, 13, 11, 13, 0));
    cases.add(openCv("one pixel", 1, 1, 3, 4, 0));
    cases.add(openCv("enlarged", 12, 15, 50, 67, 2));
    cases.add(openCv("halved", 24, 38, 12, 19, 0));
    cases.add(resize("enlarged", 12, 15, 50, 67, 50, 70, true, true));
    cases.add(resize("reduced", 120, 95, 31, 29, 40, 29, true, true));
    cases.add(resize("width kept", 20, 13, 11, 13, 11, 16, false, true));
    cases.add(resize("height kept", 20, 13, 20, 31, 22, 31, true, false));
    cases.add(resize("size kept", 14, 13, 14, 13, 15, 16, false, false));
    cases.add(resize("one pixel", 1, 1, 3, 4, 3, 4, true, true));
    return cases;
  }

  /** OpenCV's arithmetic with its own tables, whose positions reach beyond the image. */
  private static OpCase openCv(
      String name, int sourceHeight, int sourceWidth, int height, int width, int padded) {
    CaseBuilder builder = new CaseBuilder("resize as OpenCV " + name);
    ResamplingPlan plan =
        new OpenCvLinear()
            .plan(new PixelSize(sourceWidth, sourceHeight), new PixelSize(width, height));
    List<Float> lookup = new ArrayList<>();
    for (int i = 0; i < 768; i++) {
      lookup.add((float) i);
    }
    ResizeNormalize op =
        new ResizeNormalize(
            sourceHeight,
            sourceWidth,
            height,
            width,
            height + padded,
            width + padded,
            plan.horizontal(),
            plan.vertical(),
            plan.arithmetic(),
            lookup);
    return builder
        .bytes(
            builder.whole(3L * sourceHeight * sourceWidth, 0, 256), 1, sourceHeight, sourceWidth, 3)
        .build(op, Tolerance.EXACT);
  }

  /** In floats: two roundings of a product and one of a sum in each pass, of values up to 3. */
  private static OpCase linear(
      String name, int sourceHeight, int sourceWidth, int height, int width, int padded) {
    CaseBuilder builder = new CaseBuilder("resize floats " + name);
    ResamplingPlan plan =
        new FloatLinear()
            .plan(new PixelSize(sourceWidth, sourceHeight), new PixelSize(width, height));
    ResizeNormalize op =
        new ResizeNormalize(
            sourceHeight,
            sourceWidth,
            height,
            width,
            height + padded,
            width + padded,
            plan.horizontal(),
            plan.vertical(),
            plan.arithmetic(),
            lookup());
    return builder
        .bytes(
            builder.whole(3L * sourceHeight * sourceWidth, 0, 256), 1, sourceHeight, sourceWidth, 3)
        .build(op, Tolerance.ofUnits(8));
  }

  /** Values as a normalisation makes them. */
  private static List<Float> lookup() {
    List<Float> lookup = new ArrayList<>();
    for (int i = 0; i < 768; i++) {
      lookup.add((i % 256 / 255f - 0.45f) / (0.22f + i / 256f * 0.01f));
    }
    return lookup;
  }

  private static OpCase resize(
      String name,
      int sourceHeight,
      int sourceWidth,
      int height,
      int width,
      int paddedHeight,
      int paddedWidth,
      boolean horizontal,
      boolean vertical) {
    CaseBuilder builder = new CaseBuilder("resize " + name);
    ResizeNormalize op =
        new ResizeNormalize(
            sourceHeight,
            sourceWidth,
            height,
            width,
            paddedHeight,
            paddedWidth,
            horizontal || width != sourceWidth ? table(builder, sourceWidth, width) : null,
            vertical || height != sourceHeight ? table(builder, sourceHeight, height) : null,
            ResizeNormalize.Arithmetic.ROUND_EACH_PASS,
            lookup());
    long count = 3L * sourceHeight * sourceWidth;
    return builder
        .bytes(builder.whole(count, 0, 256), 1, sourceHeight, sourceWidth, 3)
        .build(op, Tolerance.EXACT);
  }

  /**
   * Taps as a bicubic filter has them: some negative, so that sums leave 0..255 and are clamped.
   */
  private static ResamplingTable table(CaseBuilder builder, int source, int size) {
    int maxCount = Math.min(source, 2 + source / size * 2);
    int[] start = new int[size];
    int[] count = new int[size];
    int[] weights = new int[size * maxCount];
    int precision = 22;
    for (int i = 0; i < size; i++) {
      count[i] = 1 + (int) builder.whole(1, 0, maxCount)[0];
      start[i] = (int) builder.whole(1, 0, source - count[i] + 1)[0];
      double[] taps = builder.uniform(count[i], -0.3, 1);
      double total = 0;
      for (double tap : taps) {
        total += Math.abs(tap);
      }
      for (int j = 0; j < count[i]; j++) {
        weights[i * maxCount + j] = (int) Math.round(taps[j] / total * 1.3 * (1 << precision));
      }
    }
    return new ResamplingTable(source, start, count, weights, maxCount, precision);
  }
}
