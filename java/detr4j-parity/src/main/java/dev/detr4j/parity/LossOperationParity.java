package dev.detr4j.parity;

import dev.detr4j.checkpoint.SafetensorsFile;
import dev.detr4j.json.JsonObject;
import dev.detr4j.train.loss.BatchCounts;
import dev.detr4j.train.loss.ClassLoss;
import dev.detr4j.train.loss.Criterion;
import dev.detr4j.train.loss.CriterionOptions;
import dev.detr4j.train.loss.CriterionOptions.Cardinality;
import dev.detr4j.train.loss.LayerOutput;
import dev.detr4j.train.loss.LayerOutput.Stage;
import dev.detr4j.train.match.BoxOverlap;
import dev.detr4j.train.match.MatchingCost;
import dev.detr4j.train.match.OverlapRule;
import dev.detr4j.train.match.Targets;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/**
 * A single loss against PyTorch's autograd in float64: extreme logits, equal edges, touching boxes
 * and boxes without width. Sums are double here too; gradients by logits are float32.
 */
final class LossOperationParity implements ParityCase.OnHost {
  private static final List<String> OPERATIONS =
      List.of("focal_loss", "cross_entropy", "giou_loss", "l1_loss");

  private static final double SUM = 1e-12;
  private static final double GRADIENT = 1.2e-7;

  /** Slopes of box losses are double and at most about 10: sums of a dozen roundings. */
  private static final double SLOPE = 1e-11;

  private static final CriterionOptions L1_ALONE =
      new CriterionOptions(
          new MatchingCost(MatchingCost.Form.FOCAL, 1, 1, 1, 1e-8, OverlapRule.PLAIN, true),
          0,
          1,
          0,
          0.25,
          Double.NaN,
          Cardinality.NONE,
          false,
          false);

  private final String path;
  private final Path file;
  private final JsonObject entry;

  /** A case of {@code ops/index.json}. */
  LossOperationParity(String path, Path file, JsonObject entry) {
    this.path = path;
    this.file = file;
    this.entry = entry;
  }

  /** Whether this class runs the cases of an operation. */
  static boolean runs(String op) {
    return OPERATIONS.contains(op);
  }

  @Override
  public String path() {
    return path;
  }

  @Override
  public List<StageResult> run() {
    try (SafetensorsFile stored = SafetensorsFile.open(file)) {
      return switch (entry.string("op")) {
        case "focal_loss", "cross_entropy" -> classLoss(stored);
        case "giou_loss" -> giou(stored);
        case "l1_loss" -> apart(stored);
        default -> throw entry.wrong("op " + entry.string("op"));
      };
    }
  }

  private List<StageResult> classLoss(SafetensorsFile stored) {
    JsonObject attributes = entry.object("attributes");
    JsonObject input = entry.object("inputs").object("logits");
    int rows = DescribedTensor.shape(input).get(0);
    int classes = DescribedTensor.shape(input).get(1);
    boolean focal = entry.string("op").equals("focal_loss");
    int[] labels = focal ? matched(attributes, rows, classes) : kinds(attributes, rows, classes);
    double eos = attributes.number("eos", 0);
    double divisor =
        focal
            ? attributes.number("count")
            : Arrays.stream(labels).mapToDouble(label -> label < 0 ? eos : 1).sum();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment logits =
          arena.allocateFrom(
              ValueLayout.JAVA_FLOAT, DescribedTensor.values(input, entry.longInteger("seed")));
      MemorySegment gradient = arena.allocate(logits.byteSize());
      double sum =
          focal
              ? ClassLoss.focal(
                  logits, gradient, rows, classes, labels, attributes.number("alpha"), 1 / divisor)
              : ClassLoss.crossEntropy(logits, gradient, rows, classes, labels, eos, 1 / divisor);
      double expected = StoredValues.doubles(stored, "output")[0];
      Worst loss = new Worst();
      loss.add("loss", sum / divisor, expected, SUM * expected);
      double[] slopes = StoredValues.doubles(stored, "gradient.logits");
      double greatest = Arrays.stream(slopes).map(Math::abs).max().orElse(0);
      Worst worst = new Worst();
      for (int i = 0; i < slopes.length; i++) {
        worst.add(
            "element",
            i,
            gradient.getAtIndex(ValueLayout.JAVA_FLOAT, i),
            slopes[i],
            GRADIENT * greatest);
      }
      return List.of(loss.result("output"), worst.result("gradient.logits"));
    }
  }

  /** The class of each row that has one, and else -1. */
  private static int[] matched(JsonObject attributes, int rows, int classes) {
    int[] labels = new int[rows];
    Arrays.fill(labels, -1);
    List<Integer> of = attributes.integers("rows", 0, rows - 1);
    List<Integer> classOf = attributes.integers("labels", 0, classes - 1);
    for (int i = 0; i < of.size(); i++) {
      labels[of.get(i)] = classOf.get(i);
    }
    return labels;
  }

  /** The last column stands for no object. */
  private static int[] kinds(JsonObject attributes, int rows, int classes) {
    List<Integer> labels = attributes.integers("labels", 0, classes - 1);
    if (labels.size() != rows) {
      throw attributes.wrong("%d labels, expected %d".formatted(labels.size(), rows));
    }
    return labels.stream().mapToInt(label -> label == classes - 1 ? -1 : label).toArray();
  }

  private List<StageResult> giou(SafetensorsFile stored) {
    JsonObject inputs = entry.object("inputs");
    long seed = entry.longInteger("seed");
    float[] boxes = DescribedTensor.boxes(inputs, "", seed);
    BoxOverlap overlap =
        new BoxOverlap(StoredTargets.overlap(entry.object("attributes").number("epsilon")));
    List<List<Double>> wanted = entry.object("attributes").numberLists("wanted");
    float[] upstream = DescribedTensor.values(entry.objects("upstream").getFirst(), seed);
    double[] expected = StoredValues.doubles(stored, "output");
    double[] slopes = slopes(stored, inputs);
    Worst value = new Worst();
    Worst slope = new Worst();
    for (int i = 0; i < expected.length; i++) {
      double[] t = wanted.get(i).stream().mapToDouble(part -> part.floatValue()).toArray();
      int at = 4 * i;
      double giou =
          overlap.valueAndGradient(
              boxes[at], boxes[at + 1], boxes[at + 2], boxes[at + 3], t[0], t[1], t[2], t[3]);
      value.add("pair", i, 1 - giou, expected[i], SUM);
      value.add(
          "value alone of pair",
          i,
          overlap.value(
              boxes[at], boxes[at + 1], boxes[at + 2], boxes[at + 3], t[0], t[1], t[2], t[3]),
          giou,
          1e-15);
      for (int part = 0; part < 4; part++) {
        slope.add(
            "element", at + part, -overlap.gradient(part) * upstream[i], slopes[at + part], SLOPE);
      }
    }
    return List.of(value.result("output"), slope.result("gradient.boxes"));
  }

  /** The L1 loss, which only a criterion has: each pair is a query and its target. */
  private List<StageResult> apart(SafetensorsFile stored) {
    JsonObject inputs = entry.object("inputs");
    long seed = entry.longInteger("seed");
    float[] boxes = DescribedTensor.boxes(inputs, "", seed);
    List<List<Double>> wanted = entry.object("attributes").numberLists("wanted");
    float[] upstream = DescribedTensor.values(entry.objects("upstream").getFirst(), seed);
    double[] expected = StoredValues.doubles(stored, "output");
    double[] slopes = slopes(stored, inputs);
    Criterion criterion = new Criterion(L1_ALONE);
    Worst value = new Worst();
    Worst slope = new Worst();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment logit = arena.allocate(4);
      MemorySegment gradient = arena.allocate(16);
      for (int i = 0; i < boxes.length / 4; i++) {
        float[] target = new float[4];
        double sum = 0;
        for (int part = 0; part < 4; part++) {
          target[part] = wanted.get(i).get(part).floatValue();
          sum += expected[4 * i + part];
        }
        List<Targets> targets = List.of(new Targets(new int[1], target));
        MemorySegment box =
            arena.allocateFrom(ValueLayout.JAVA_FLOAT, Arrays.copyOfRange(boxes, 4 * i, 4 * i + 4));
        LayerOutput layer =
            new LayerOutput(Stage.LAST, 1, 1, 1, logit, box, arena.allocate(4), gradient);
        double loss =
            criterion.compute(List.of(layer), targets, BatchCounts.of(targets, 1)).total();
        value.add("pair", i, loss, sum, SUM);
        for (int part = 0; part < 4; part++) {
          // The criterion's own gradient is the sign of the difference.
          double sign = gradient.getAtIndex(ValueLayout.JAVA_FLOAT, part);
          int at = 4 * i + part;
          slope.add("element", at, sign * upstream[at], slopes[at], SLOPE);
        }
      }
    }
    return List.of(value.result("output"), slope.result("gradient.boxes"));
  }

  private static double[] slopes(SafetensorsFile stored, JsonObject inputs) {
    return inputs.has("boxes")
        ? StoredValues.doubles(stored, "gradient.boxes")
        : sideBySide(
            StoredValues.doubles(stored, "gradient.centre"),
            StoredValues.doubles(stored, "gradient.size"));
  }

  private static double[] sideBySide(double[] centres, double[] sizes) {
    double[] boxes = new double[2 * centres.length];
    for (int i = 0; i < centres.length; i++) {
      boxes[i / 2 * 4 + i % 2] = centres[i];
      boxes[i / 2 * 4 + 2 + i % 2] = sizes[i];
    }
    return boxes;
  }
}
