package dev.detr4j.parity;

import dev.detr4j.checkpoint.SafetensorsFile;
import dev.detr4j.error.CheckpointException;
import dev.detr4j.json.JsonObject;
import dev.detr4j.train.loss.BatchCounts;
import dev.detr4j.train.loss.Criterion;
import dev.detr4j.train.loss.CriterionOptions;
import dev.detr4j.train.loss.LayerOutput;
import dev.detr4j.train.loss.LayerOutput.Stage;
import dev.detr4j.train.loss.LossValues;
import dev.detr4j.train.match.Matcher;
import dev.detr4j.train.match.Targets;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Matching, losses, totals and gradients of given logits and boxes against the originals in
 * float64, of whole batches and image by image.
 *
 * <p>Arithmetic is double on both sides, so losses agree to 1e-9 of their size: DETR's own weight
 * of 0.1 is a float there, which is 1.5e-8 of a part of a percent. Gradients are stored here as
 * float32: half a unit in the last place is 6e-8 of the value.
 */
final class LossParity implements ParityCase.OnHost {
  private static final double LOSS = 1e-9;
  private static final double GRADIENT = 1.2e-7;

  private final String path;
  private final Path file;

  /** The case of {@code losses/NAME.json}, whose tensors lie beside it. */
  LossParity(String path, Path file) {
    this.path = path;
    this.file = file;
  }

  @Override
  public String path() {
    return path;
  }

  @Override
  public List<StageResult> run() {
    JsonObject json =
        JsonObject.read(
            file, message -> new CheckpointException("golden case " + path + ": " + message));
    Path tensors =
        file.resolveSibling(
            String.valueOf(file.getFileName()).replaceAll("\\.json$", ".safetensors"));
    try (Arena arena = Arena.ofConfined();
        SafetensorsFile stored = SafetensorsFile.open(tensors)) {
      LossInputs inputs = LossInputs.of(json.object("inputs"), json.longInteger("seed"), arena);
      return new Comparison(
              json,
              stored,
              StoredTargets.criterion(json.object("options"), true),
              StoredTargets.of(json.objects("targets")),
              inputs)
          .run();
    }
  }

  private record Comparison(
      JsonObject json,
      SafetensorsFile stored,
      CriterionOptions options,
      List<Targets> targets,
      LossInputs inputs) {
    List<StageResult> run() {
      BatchCounts counts = BatchCounts.of(targets, inputs.queries());
      Worst boxes = new Worst();
      boxes.add("num_boxes", counts.boxes(), json.integer("num_boxes", 0, 1 << 20), 0);
      List<StageResult> results = new ArrayList<>();
      results.add(boxes.result("num_boxes"));
      costsAndPairs(results);
      Criterion criterion = new Criterion(options);
      LossValues whole = criterion.compute(inputs.layers(), targets, counts);
      results.add(losses(whole).result("losses"));
      results.add(gradients().result("gradients"));
      LossValues sum = criterion.compute(inputs.image(0), List.of(targets.get(0)), counts);
      for (int i = 1; i < inputs.images(); i++) {
        sum = sum.plus(criterion.compute(inputs.image(i), List.of(targets.get(i)), counts));
      }
      results.add(losses(sum).result("losses by image"));
      results.add(gradients().result("grads by image"));
      return results;
    }

    private Worst losses(LossValues values) {
      JsonObject expected = json.object("expected");
      Worst worst = new Worst();
      double total = expected.number("total");
      worst.add("total", values.total(), total, LOSS * total);
      JsonObject losses = expected.object("losses");
      if (!losses.names().equals(values.named().keySet())) {
        worst.addWrong(
            "losses are %s, expected %s".formatted(values.named().keySet(), losses.names()));
      }
      for (String name : losses.names()) {
        double want = losses.number(name);
        worst.add(
            name, values.named().getOrDefault(name, Double.NaN), want, LOSS * Math.max(1, want));
      }
      return worst;
    }

    private Worst gradients() {
      Worst worst = new Worst();
      compare(worst, "logits", inputs.logitGradients());
      compare(worst, "boxes", inputs.boxGradients());
      LayerOutput last = inputs.layers().getLast();
      if (last.stage().equals(Stage.ENCODER)) {
        compare(worst, "encoder_logits", last.logitGradient());
        compare(worst, "encoder_boxes", last.boxGradient());
      }
      return worst;
    }

    private void compare(Worst worst, String input, MemorySegment gradient) {
      JsonObject described = json.object("expected").object("gradients").object(input);
      int step = described.integer("sample_step", 1, 1 << 20);
      double[] expected = StoredValues.doubles(stored, "gradient." + input);
      double greatest = Arrays.stream(expected).map(Math::abs).max().orElse(0);
      if (json.string("case").contains("twins")) {
        // Of two equal targets each may have either query; sums over queries hold all the same.
        double norm = 0;
        for (long i = 0; i < gradient.byteSize() / 4; i++) {
          double value = gradient.getAtIndex(ValueLayout.JAVA_FLOAT, i);
          norm += value * value;
        }
        double want = described.number("norm");
        worst.add("norm of " + input, Math.sqrt(norm), want, GRADIENT * want);
        return;
      }
      for (int i = 0; i < expected.length; i++) {
        worst.add(
            input,
            (long) i * step,
            gradient.getAtIndex(ValueLayout.JAVA_FLOAT, (long) i * step),
            expected[i],
            GRADIENT * greatest);
      }
    }

    private void costsAndPairs(List<StageResult> results) {
      Matcher matcher = new Matcher(options.cost());
      JsonObject matching = json.object("expected").object("matching");
      Worst costs = new Worst();
      Worst pairs = new Worst();
      for (LayerOutput layer : inputs.layers()) {
        Stage stage = layer.stage();
        if (stage.equals(Stage.ENCODER) && !options.encoder()) {
          continue;
        }
        String key = stage.equals(Stage.LAST) ? "layer_last" : "layer" + stage.suffix();
        List<JsonObject> images = matching.objects(key);
        for (int i = 0; i < inputs.images(); i++) {
          LayerOutput one = inputs.image(i).get(inputs.layers().indexOf(layer));
          Targets of = targets.get(i);
          matcher.match(
              one.logits(),
              one.boxes(),
              layer.queries(),
              layer.classes(),
              of,
              stage.equals(Stage.ENCODER) ? new int[of.count()] : of.labels(),
              key,
              i);
          double want = images.get(i).number("cost");
          costs.add(key, i, matcher.totalCost(), want, LOSS * Math.max(1, Math.abs(want)));
          comparePairs(pairs, matcher, images.get(i), of.count(), layer.queries());
          compareCosts(costs, matcher, stage, i, of.count(), layer.queries());
        }
      }
      results.add(costs.result("costs"));
      results.add(pairs.result("pairs"));
    }

    private void compareCosts(
        Worst costs, Matcher matcher, Stage stage, int image, int targets, int queries) {
      String name = "cost" + stage.suffix() + "." + image;
      if (stored.find(name).isEmpty()) {
        return; // The large cases store none.
      }
      double[] expected = StoredValues.doubles(stored, name);
      for (int q = 0; q < queries; q++) {
        for (int t = 0; t < targets; t++) {
          double want = expected[q * targets + t];
          costs.add(
              name,
              q * targets + t,
              matcher.costOf(q, t, queries),
              want,
              LOSS * Math.max(1, Math.abs(want)));
        }
      }
    }

    private static void comparePairs(
        Worst pairs, Matcher matcher, JsonObject expected, int targets, int queries) {
      // Of equal targets, another assignment of the same cost is as good.
      boolean unique = expected.number("gap_to_second_best", Double.POSITIVE_INFINITY) != 0;
      List<Integer> queriesOfPairs = expected.integers("queries", 0, queries);
      List<Integer> targetsOfPairs = expected.integers("targets", 0, 1 << 20);
      int[] queryOf = new int[targets];
      Arrays.fill(queryOf, -1);
      for (int i = 0; i < queriesOfPairs.size(); i++) {
        queryOf[targetsOfPairs.get(i)] = queriesOfPairs.get(i);
      }
      int matched = 0;
      for (int t = 0; t < targets; t++) {
        matched += matcher.queryOf(t) >= 0 ? 1 : 0;
        if (unique) {
          pairs.add("query of target", t, matcher.queryOf(t), queryOf[t], 0);
        }
      }
      pairs.add("pairs", matched, queriesOfPairs.size(), 0);
    }
  }
}
