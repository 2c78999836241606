package dev.detr4j.parity;

import dev.detr4j.backend.Backend;
import dev.detr4j.checkpoint.SafetensorsFile;
import dev.detr4j.json.JsonObject;
import dev.detr4j.train.engine.OptimizerSettings;
import dev.detr4j.train.engine.Parameter;
import dev.detr4j.train.recipe.Freezing;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Twenty steps of AdamW with three rates, clipping, a drop of the rate and a moving average,
 * against PyTorch in float64: losses, norms, weights, moments and averages.
 */
final class TrajectoryParity implements TrainingCase {
  private static final List<String> PARTS = List.of("rest", "backbone", "offsets");

  /**
   * Adam divides by the root of a gradient's square: where a gradient is nearly zero, its noise
   * decides about the direction of a whole step. So weights are compared by the norm of the
   * difference, which is at most so many times PyTorch's own; half a thousandth of the movement is
   * what float32 does in the worst tensors.
   */
  private static final double TIMES = 10;

  private static final double OF_MOVEMENT = 5e-4;

  /** Weights are of the size of 1 and rounded twenty times. */
  private static final double ROUNDINGS = 1e-7;

  /**
   * One ReLU unit or sample that is on the other side of its kink moves the norm of a gradient by
   * about 1e-5 of itself; ten times this are allowed.
   */
  private static final double OF_KINK = 2e-6;

  /** Of moments, which forget and so sum up the noise of a thousandth of the steps. */
  private static final double OF_MOMENT = 1e-3;

  /**
   * Gradients of the biases of keys are zero, and in float32 the noise of sums that cancel: 1.2e-10
   * in the widest of them on the narrowest instruction set.
   */
  private static final double ZERO = 1e-9;

  private final String path;
  private final Path folder;

  /** The case of a folder with manifest, configuration and what is stored. */
  TrajectoryParity(String path, Path folder) {
    this.path = path;
    this.folder = folder;
  }

  @Override
  public String path() {
    return path;
  }

  @Override
  public List<StageResult> run(Backend backend) {
    JsonObject manifest = ModelGradientParity.manifest(path, folder);
    Map<String, String> parts = new HashMap<>();
    for (JsonObject entry : manifest.objects("parameters")) {
      parts.put(entry.string("key"), entry.string("part"));
    }
    List<StageResult> results = new ArrayList<>();
    try (TrainedModel model =
            new TrainedModel(
                folder,
                manifest,
                TrainingCase.host(backend),
                new TrainedModel.Options(
                    manifest.object("loss_options"),
                    true,
                    manifest.bool("repeated_decoder_norm", false),
                    Freezing.FIRST_STAGE,
                    false,
                    parameter -> PARTS.indexOf(parts.getOrDefault(parameter.name(), "rest"))));
        SafetensorsFile stored = SafetensorsFile.open(folder.resolve("expected.safetensors"))) {
      steps(model, manifest, stored, results);
      results.add(weights(model, stored, "ema_after_20", true));
      moments(model, stored, results);
    }
    return results;
  }

  private static void steps(
      TrainedModel model, JsonObject manifest, SafetensorsFile stored, List<StageResult> results) {
    JsonObject recipe = manifest.object("recipe");
    List<JsonObject> batches = manifest.objects("batches");
    double[] losses = StoredValues.doubles(stored, "loss");
    double[] lossesF32 = StoredValues.doubles(stored, "loss_float32");
    double[] norms = StoredValues.doubles(stored, "gradient_norm");
    double[] normsF32 = StoredValues.doubles(stored, "gradient_norm_float32");
    // Where PyTorch's noise of a step happens to be less, that of the worst step counts.
    double ofLoss = manifest.object("float32").number("greatest_loss_difference");
    double ofNorm = Math.max(greatest(norms, normsF32), OF_KINK * norms[0]);
    Worst loss = new Worst();
    Worst norm = new Worst();
    for (int s = 1; s <= losses.length; s++) {
      int i = s - 1;
      loss.add(
          "loss of step",
          s,
          model.run(batches.get(i % batches.size())),
          losses[i],
          TIMES * Math.max(Math.abs(losses[i] - lossesF32[i]), ofLoss));
      double found = model.session().finishGradients();
      norm.add(
          "norm of step",
          s,
          found,
          norms[i],
          TIMES * Math.max(Math.abs(norms[i] - normsF32[i]), ofNorm));
      model.session().update(settings(recipe, s), found);
      if (s == 1 || s == 5 || s == 20) {
        results.add(weights(model, stored, "after_" + s, false));
      }
    }
    results.add(loss.result("losses"));
    results.add(norm.result("gradient norms"));
  }

  private static double greatest(double[] expected, double[] float32) {
    double greatest = 0;
    for (int i = 0; i < expected.length; i++) {
      greatest = Math.max(greatest, Math.abs(expected[i] - float32[i]));
    }
    return greatest;
  }

  private static OptimizerSettings settings(JsonObject recipe, int step) {
    double factor = 1;
    JsonObject factors = recipe.object("rate_factor_from_step");
    for (String from : factors.names()) {
      factor = step >= Integer.parseInt(from) ? factors.number(from) : factor;
    }
    double times = factor;
    return OptimizerSettings.of(
        PARTS.stream()
            .map(part ->
                new OptimizerSettings.Group(
                    times * recipe.object("rates").number(part), recipe.number("weight_decay")))
            .toList(),
        recipe.number("clip_norm"),
        recipe.number("ema_decay"));
  }

  private static StageResult weights(
      TrainedModel model, SafetensorsFile stored, String prefix, boolean average) {
    double[] samples = StoredValues.doubles(stored, prefix + ".samples");
    String after = average ? "after_20" : prefix;
    double[] noise = StoredValues.doubles(stored, after + ".float32_error_norm");
    double[] moved = StoredValues.doubles(stored, after + ".moved");
    Worst worst = new Worst();
    int at = 0;
    int i = 0;
    for (JsonObject entry : model.entries()) {
      String key = entry.string("key");
      int sampled = entry.integer("count", 1, 1 << 20);
      Parameter parameter = model.parameter(key);
      if (parameter == null) {
        worst.addWrong(key + " does not learn");
      } else {
        MemorySegment values = average ? model.session().average(parameter) : parameter.values();
        double squares = 0;
        for (int k = 0; k < sampled; k++) {
          long index = (long) k * entry.integer("step", 1, 1 << 30);
          double off = values.getAtIndex(ValueLayout.JAVA_FLOAT, index) - samples[at + k];
          squares += off * off;
        }
        worst.addDistance(
            key,
            Math.sqrt(squares),
            Math.max(TIMES * noise[i], OF_MOVEMENT * moved[i]) + ROUNDINGS * Math.sqrt(sampled));
      }
      at += sampled;
      i++;
    }
    return worst.result(prefix);
  }

  private static void moments(
      TrainedModel model, SafetensorsFile stored, List<StageResult> results) {
    double[] first = StoredValues.doubles(stored, "exp_avg_after_20.norm");
    double[] second = StoredValues.doubles(stored, "exp_avg_sq_after_20.norm");
    int[] has = StoredValues.integers(stored, "has_state");
    Worst state = new Worst();
    Worst moment = new Worst();
    int i = 0;
    for (JsonObject entry : model.entries()) {
      String key = entry.string("key");
      Parameter parameter = model.parameter(key);
      if (parameter != null) {
        state.add(key + " has a state", model.session().steps(parameter) > 0 ? 1 : 0, has[i], 0);
        moment.add(
            "first moment of " + key,
            norm(model.session().firstMoment(parameter)),
            first[i],
            OF_MOMENT * first[i] + ZERO);
        moment.add(
            "second moment of " + key,
            norm(model.session().secondMoment(parameter)),
            second[i],
            OF_MOMENT * second[i] + 1e-15);
      }
      i++;
    }
    results.add(state.result("which have states"));
    results.add(moment.result("moments"));
  }

  private static double norm(MemorySegment values) {
    double squares = 0;
    for (long k = 0; k < values.byteSize() / 4; k++) {
      double value = values.getAtIndex(ValueLayout.JAVA_FLOAT, k);
      squares += value * value;
    }
    return Math.sqrt(squares);
  }
}
