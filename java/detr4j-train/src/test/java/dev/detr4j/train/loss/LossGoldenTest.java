package dev.detr4j.train.loss;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.detr4j.checkpoint.SafetensorsFile;
import dev.detr4j.json.JsonObject;
import dev.detr4j.train.golden.Golden;
import dev.detr4j.train.loss.CriterionOptions.Cardinality;
import dev.detr4j.train.loss.LayerOutput.Stage;
import dev.detr4j.train.match.Matcher;
import dev.detr4j.train.match.MatchingCost;
import dev.detr4j.train.match.OverlapRule;
import dev.detr4j.train.match.Targets;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Matching, losses, totals and gradients of given logits and boxes against the originals in float64
 * (PyTorch, scipy), which were compared with facebookresearch/detr, Deformable-DETR and detrex.
 *
 * <p>Arithmetic is double on both sides, so losses agree to 1e-9 of their size: DETR's own weight
 * of 0.1 is a float there, which is 1.5e-8 of a part of a percent. Gradients are stored here as
 * float32: half a unit in the last place is 6e-8 of the value.
 */
class LossGoldenTest {
  private static final double LOSS = 1e-9;
  private static final double GRADIENT = 1.2e-7;

  static List<String> cases() {
    return Golden.json("losses/index.json").objects("cases").stream()
        .map(each -> each.string("case"))
        .toList();
  }

  /** A case, ready to compute. */
  private static final class Case implements AutoCloseable {
    final Arena arena = Arena.ofConfined();
    final JsonObject json;
    final SafetensorsFile stored;
    final CriterionOptions options;
    final List<Targets> targets = new ArrayList<>();
    final List<LayerOutput> layers = new ArrayList<>();
    final MemorySegment logitGradient;
    final MemorySegment boxGradient;
    final int images;
    final int queries;

    Case(String name) {
      json = Golden.json("losses/" + name + ".json");
      stored = SafetensorsFile.open(Golden.path("losses/" + name + ".safetensors"));
      options = optionsOf(json.object("options"));
      for (JsonObject image : json.objects("targets")) {
        targets.add(targetsOf(image));
      }
      JsonObject inputs = json.object("inputs");
      long seed = json.longInteger("seed");
      List<Integer> shape = inputs.object("logits").integers("shape", 0, 10_000);
      int count = shape.get(0);
      images = shape.get(1);
      queries = shape.get(2);
      int classes = shape.get(3);
      MemorySegment logits = segment(Golden.tensor(inputs.object("logits"), seed));
      MemorySegment boxes = segment(boxes(inputs, "", seed));
      logitGradient = arena.allocate(logits.byteSize());
      boxGradient = arena.allocate(boxes.byteSize());
      for (int i = count - 1; i >= 0; i--) {
        // The last one first, the others rising, as the originals name them.
        int layer = i == count - 1 ? i : count - 2 - i;
        layers.add(
            new LayerOutput(
                i == count - 1 ? Stage.LAST : Stage.auxiliary(layer),
                images,
                queries,
                classes,
                part(logits, layer, count),
                part(boxes, layer, count),
                part(logitGradient, layer, count),
                part(boxGradient, layer, count)));
      }
      if (inputs.has("encoder_logits")) {
        int tokens = inputs.object("encoder_logits").integers("shape", 0, 10_000).get(1);
        MemorySegment scores = segment(Golden.tensor(inputs.object("encoder_logits"), seed));
        MemorySegment places = segment(boxes(inputs, "encoder_", seed));
        layers.add(
            new LayerOutput(
                Stage.ENCODER,
                images,
                tokens,
                classes,
                scores,
                places,
                arena.allocate(scores.byteSize()),
                arena.allocate(places.byteSize())));
      }
    }

    private static float[] boxes(JsonObject inputs, String prefix, long seed) {
      return Golden.boxes(
          Golden.tensor(inputs.object(prefix + "centre"), seed),
          Golden.tensor(inputs.object(prefix + "size"), seed));
    }

    private MemorySegment segment(float[] values) {
      return Golden.segment(arena, values);
    }

    private static MemorySegment part(MemorySegment all, int layer, int count) {
      long bytes = all.byteSize() / count;
      return all.asSlice(layer * bytes, bytes);
    }

    @Override
    public void close() {
      stored.close();
      arena.close();
    }
  }

  private static CriterionOptions optionsOf(JsonObject o) {
    boolean focal = o.string("form").equals("focal");
    double epsilon = o.number("iou_epsilon");
    MatchingCost cost =
        new MatchingCost(
            focal ? MatchingCost.Form.FOCAL : MatchingCost.Form.SOFTMAX,
            o.number("class_cost"),
            o.number("bbox_cost"),
            o.number("giou_cost"),
            1e-8,
            epsilon == 0 ? OverlapRule.PLAIN : new OverlapRule(OverlapRule.Kind.ADDED, epsilon),
            o.bool("replace_invalid", false));
    return new CriterionOptions(
        cost,
        o.number("class_weight"),
        o.number("bbox_weight"),
        o.number("giou_weight"),
        o.number("alpha", Double.NaN),
        o.number("eos", Double.NaN),
        !o.has("cardinality")
            ? Cardinality.NONE
            : o.string("cardinality").equals("sigmoid")
                ? Cardinality.SIGMOID
                : Cardinality.NOT_LAST,
        true,
        o.bool("encoder", false));
  }

  private static Targets targetsOf(JsonObject image) {
    int[] labels = image.integers("labels", 0, 1000).stream().mapToInt(Integer::intValue).toArray();
    float[] boxes = new float[4 * labels.length];
    int at = 0;
    for (List<Double> box : image.numberLists("boxes")) {
      for (double value : box) {
        boxes[at++] = (float) value;
      }
    }
    return new Targets(labels, boxes);
  }

  @BeforeEach
  void thereAreCases() {
    assertTrue(cases().size() >= 18, cases().toString());
  }

  @ParameterizedTest
  @MethodSource("cases")
  void lossesAndGradientsAreTheOriginals(String name) {
    try (Case c = new Case(name)) {
      BatchCounts counts = BatchCounts.of(c.targets, c.queries);
      assertEquals(c.json.integer("num_boxes", 0, 10_000), counts.boxes());
      LossValues values = new Criterion(c.options).compute(c.layers, c.targets, counts);
      checkLosses(c, values);
      checkGradients(c);
    }
  }

  /** Micro-batches of one image, with the counts of the whole batch. */
  @ParameterizedTest
  @MethodSource("cases")
  void imageByImageIsTheSame(String name) {
    try (Case c = new Case(name)) {
      BatchCounts counts = BatchCounts.of(c.targets, c.queries);
      Criterion criterion = new Criterion(c.options);
      LossValues sum = null;
      for (int i = 0; i < c.images; i++) {
        List<LayerOutput> one = new ArrayList<>();
        for (LayerOutput layer : c.layers) {
          one.add(
              new LayerOutput(
                  layer.stage(),
                  1,
                  layer.queries(),
                  layer.classes(),
                  Case.part(layer.logits(), i, c.images),
                  Case.part(layer.boxes(), i, c.images),
                  Case.part(layer.logitGradient(), i, c.images),
                  Case.part(layer.boxGradient(), i, c.images)));
        }
        LossValues part = criterion.compute(one, List.of(c.targets.get(i)), counts);
        sum = sum == null ? part : sum.plus(part);
      }
      checkLosses(c, sum);
      checkGradients(c);
    }
  }

  private static void checkLosses(Case c, LossValues values) {
    JsonObject expected = c.json.object("expected");
    assertEquals(expected.number("total"), values.total(), LOSS * expected.number("total"));
    JsonObject losses = expected.object("losses");
    assertEquals(losses.names(), values.named().keySet());
    for (String loss : losses.names()) {
      double want = losses.number(loss);
      assertEquals(want, values.named().get(loss), LOSS * Math.max(1, want), loss);
    }
  }

  private static void checkGradients(Case c) {
    JsonObject described = c.json.object("expected").object("gradients");
    compare(c, described, "logits", Golden.floats(c.logitGradient));
    compare(c, described, "boxes", Golden.floats(c.boxGradient));
    LayerOutput last = c.layers.getLast();
    if (last.stage().equals(Stage.ENCODER)) {
      compare(c, described, "encoder_logits", Golden.floats(last.logitGradient()));
      compare(c, described, "encoder_boxes", Golden.floats(last.boxGradient()));
    }
  }

  private static void compare(Case c, JsonObject described, String input, float[] gradient) {
    JsonObject spec = described.object(input);
    int step = spec.integer("sample_step", 1, 1000);
    double[] expected = Golden.doubles(c.stored, "gradient." + input);
    double greatest = Arrays.stream(expected).map(Math::abs).max().orElse(0);
    if (twins(c)) {
      // Of two equal targets each may have either query; sums over queries hold all the same.
      double norm = 0;
      for (float value : gradient) {
        norm += (double) value * value;
      }
      assertEquals(spec.number("norm"), Math.sqrt(norm), GRADIENT * spec.number("norm"), input);
      return;
    }
    for (int i = 0; i < expected.length; i++) {
      assertEquals(
          expected[i], gradient[i * step], GRADIENT * greatest, input + "[" + i * step + "]");
    }
  }

  private static boolean twins(Case c) {
    return c.json.string("case").contains("twins");
  }

  @ParameterizedTest
  @MethodSource("cases")
  void costsAndPairsAreTheOriginals(String name) {
    try (Case c = new Case(name)) {
      Matcher matcher = new Matcher(c.options.cost());
      JsonObject matching = c.json.object("expected").object("matching");
      for (LayerOutput layer : c.layers) {
        Stage stage = layer.stage();
        if (stage.equals(Stage.ENCODER) && !c.options.encoder()) {
          continue;
        }
        String key = stage.equals(Stage.LAST) ? "layer_last" : "layer" + stage.suffix();
        List<JsonObject> images = matching.objects(key);
        for (int i = 0; i < c.images; i++) {
          Targets targets = c.targets.get(i);
          int[] labels = stage.equals(Stage.ENCODER) ? new int[targets.count()] : targets.labels();
          int queries = layer.queries();
          matcher.match(
              Case.part(layer.logits(), i, c.images),
              Case.part(layer.boxes(), i, c.images),
              queries,
              layer.classes(),
              targets,
              labels,
              key,
              i);
          JsonObject expected = images.get(i);
          double cost = expected.number("cost");
          assertEquals(cost, matcher.totalCost(), LOSS * Math.max(1, Math.abs(cost)));
          checkPairs(matcher, expected, targets.count(), queries);
          String stored = "cost" + stage.suffix() + "." + i;
          if (c.stored.find(stored).isPresent()) {
            double[] costs = Golden.doubles(c.stored, stored);
            for (int q = 0; q < queries; q++) {
              for (int t = 0; t < targets.count(); t++) {
                double want = costs[q * targets.count() + t];
                assertEquals(
                    want, matcher.costOf(q, t, queries), LOSS * Math.max(1, Math.abs(want)));
              }
            }
          }
        }
      }
    }
  }

  private static void checkPairs(Matcher matcher, JsonObject expected, int targets, int queries) {
    if (expected.number("gap_to_second_best", Double.POSITIVE_INFINITY) == 0) {
      return; // equal targets: another assignment of the same cost is as good
    }
    List<Integer> queriesOfPairs = expected.integers("queries", 0, queries);
    List<Integer> targetsOfPairs = expected.integers("targets", 0, 10_000);
    int[] queryOf = new int[targets];
    Arrays.fill(queryOf, -1);
    for (int i = 0; i < queriesOfPairs.size(); i++) {
      queryOf[targetsOfPairs.get(i)] = queriesOfPairs.get(i);
    }
    for (int t = 0; t < targets; t++) {
      assertEquals(queryOf[t], matcher.queryOf(t), "target " + t);
    }
  }
}
