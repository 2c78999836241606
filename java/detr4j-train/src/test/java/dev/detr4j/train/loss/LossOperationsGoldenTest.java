package dev.detr4j.train.loss;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.detr4j.checkpoint.SafetensorsFile;
import dev.detr4j.json.JsonObject;
import dev.detr4j.train.golden.Golden;
import dev.detr4j.train.match.BoxOverlap;
import dev.detr4j.train.match.OverlapRule;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Single losses against PyTorch's autograd in float64: extreme logits, equal edges, touching boxes
 * and boxes without width. Sums are double here too (1e-12); gradients by logits are float32.
 */
class LossOperationsGoldenTest {
  private static final double SUM = 1e-12;
  private static final double GRADIENT = 1.2e-7;

  private static List<JsonObject> cases(String op) {
    return Golden.json("ops/index.json").objects("cases").stream()
        .filter(each -> each.string("op").equals(op))
        .toList();
  }

  static List<JsonObject> focal() {
    return cases("focal_loss");
  }

  static List<JsonObject> crossEntropy() {
    return cases("cross_entropy");
  }

  static List<JsonObject> giou() {
    return cases("giou_loss");
  }

  private static SafetensorsFile stored(JsonObject each) {
    return SafetensorsFile.open(Golden.path("ops/" + each.string("file")));
  }

  @ParameterizedTest
  @MethodSource("focal")
  void focalLoss(JsonObject each) {
    JsonObject attributes = each.object("attributes");
    JsonObject input = each.object("inputs").object("logits");
    List<Integer> shape = input.integers("shape", 0, 100);
    int[] labels = new int[shape.get(0)];
    Arrays.fill(labels, -1);
    List<Integer> rows = attributes.integers("rows", 0, 100);
    for (int i = 0; i < rows.size(); i++) {
      labels[rows.get(i)] = attributes.integers("labels", 0, 100).get(i);
    }
    double count = attributes.number("count");
    try (Arena arena = Arena.ofConfined();
        SafetensorsFile stored = stored(each)) {
      MemorySegment logits = Golden.segment(arena, Golden.tensor(input, each.longInteger("seed")));
      MemorySegment gradient = arena.allocate(logits.byteSize());
      double sum =
          ClassLoss.focal(
              logits,
              gradient,
              labels.length,
              shape.get(1),
              labels,
              attributes.number("alpha"),
              1 / count);
      check(stored, sum / count, "gradient.logits", Golden.floats(gradient));
    }
  }

  @ParameterizedTest
  @MethodSource("crossEntropy")
  void crossEntropy(JsonObject each) {
    JsonObject attributes = each.object("attributes");
    JsonObject input = each.object("inputs").object("logits");
    int classes = input.integers("shape", 0, 100).get(1);
    int[] labels =
        attributes.integers("labels", 0, 100).stream()
            .mapToInt(label -> label == classes - 1 ? -1 : label)
            .toArray();
    double eos = attributes.number("eos");
    double weights = Arrays.stream(labels).mapToDouble(label -> label < 0 ? eos : 1).sum();
    try (Arena arena = Arena.ofConfined();
        SafetensorsFile stored = stored(each)) {
      MemorySegment logits = Golden.segment(arena, Golden.tensor(input, each.longInteger("seed")));
      MemorySegment gradient = arena.allocate(logits.byteSize());
      double sum =
          ClassLoss.crossEntropy(
              logits, gradient, labels.length, classes, labels, eos, 1 / weights);
      check(stored, sum / weights, "gradient.logits", Golden.floats(gradient));
    }
  }

  private static void check(SafetensorsFile stored, double loss, String name, float[] gradient) {
    double expected = Golden.doubles(stored, "output")[0];
    assertEquals(expected, loss, SUM * expected);
    double[] slopes = Golden.doubles(stored, name);
    double greatest = Arrays.stream(slopes).map(Math::abs).max().orElseThrow();
    for (int i = 0; i < slopes.length; i++) {
      assertEquals(slopes[i], gradient[i], GRADIENT * greatest, "element " + i);
    }
  }

  @ParameterizedTest
  @MethodSource("giou")
  void giouLoss(JsonObject each) {
    JsonObject inputs = each.object("inputs");
    long seed = each.longInteger("seed");
    float[] boxes =
        inputs.has("boxes")
            ? Golden.tensor(inputs.object("boxes"), seed)
            : Golden.boxes(
                Golden.tensor(inputs.object("centre"), seed),
                Golden.tensor(inputs.object("size"), seed));
    double epsilon = each.object("attributes").number("epsilon");
    BoxOverlap overlap =
        new BoxOverlap(
            epsilon == 0 ? OverlapRule.PLAIN : new OverlapRule(OverlapRule.Kind.ADDED, epsilon));
    List<List<Double>> wanted = each.object("attributes").numberLists("wanted");
    float[] upstream = Golden.tensor(each.objects("upstream").getFirst(), seed);
    try (SafetensorsFile stored = stored(each)) {
      double[] expected = Golden.doubles(stored, "output");
      double[] centre = inputs.has("boxes") ? null : Golden.doubles(stored, "gradient.centre");
      double[] size = inputs.has("boxes") ? null : Golden.doubles(stored, "gradient.size");
      double[] whole = inputs.has("boxes") ? Golden.doubles(stored, "gradient.boxes") : null;
      for (int i = 0; i < expected.length; i++) {
        double[] target = new double[4];
        for (int part = 0; part < 4; part++) {
          target[part] = (float) (double) wanted.get(i).get(part);
        }
        double giou =
            overlap.valueAndGradient(
                boxes[4 * i],
                boxes[4 * i + 1],
                boxes[4 * i + 2],
                boxes[4 * i + 3],
                target[0],
                target[1],
                target[2],
                target[3]);
        assertEquals(expected[i], 1 - giou, SUM, "pair " + i);
        assertEquals(
            giou,
            overlap.value(
                boxes[4 * i],
                boxes[4 * i + 1],
                boxes[4 * i + 2],
                boxes[4 * i + 3],
                target[0],
                target[1],
                target[2],
                target[3]),
            1e-15);
        for (int part = 0; part < 4; part++) {
          double slope =
              whole != null
                  ? whole[4 * i + part]
                  : part < 2 ? centre[2 * i + part] : size[2 * i + part - 2];
          assertEquals(slope, -overlap.gradient(part) * upstream[i], 1e-11, i + ": part " + part);
        }
      }
    }
  }
}
