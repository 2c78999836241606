package dev.detr4j.train.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import dev.detr4j.backend.BackendProvider;
import dev.detr4j.checkpoint.SafetensorsFile;
import dev.detr4j.json.JsonObject;
import dev.detr4j.train.golden.Golden;
import dev.detr4j.train.recipe.Freezing;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * Twenty steps of AdamW with three rates, clipping, a drop of the rate and a moving average,
 * against PyTorch in float64: losses, norms, weights, moments and averages.
 */
class TrajectoryTest {
  private static final String ROOT = "trajectories/";
  private static final List<String> PARTS = List.of("rest", "backbone", "offsets");

  /**
   * Adam divides by the root of a gradient's square: where a gradient is nearly zero, its noise
   * decides about the direction of a whole step. So weights are compared by the norm of the
   * difference, which is at most so many times PyTorch's own; half a thousandth of the movement is
   * what float32 does in the worst tensors.
   */
  private static final double TIMES = 10;

  private static final double OF_MOVEMENT = 5e-4;

  /**
   * One ReLU unit or sample that is on the other side of its kink moves the norm of a gradient by
   * about 1e-5 of itself; ten times this are allowed.
   */
  private static final double OF_KINK = 2e-6;

  /** Gradients of the biases of keys are zero, and in float32 the noise of sums that cancel. */
  private static final double ZERO = 1e-10;

  @TestFactory
  Stream<DynamicTest> agreeWithPyTorch() {
    return TrainingBackends.all()
        .flatMap(provider ->
            Golden.json(ROOT + "index.json").objects("cases").stream()
                .map(entry -> entry.string("case"))
                .map(name ->
                    dynamicTest(provider.kind().id() + " " + name, () -> check(provider, name))));
  }

  private static void check(BackendProvider provider, String name) {
    TrainingBackends.assumeAvailable(provider);
    JsonObject manifest = Golden.json(ROOT + name + "/manifest.json");
    Map<String, String> parts = new HashMap<>();
    for (JsonObject entry : manifest.objects("parameters")) {
      parts.put(entry.string("key"), entry.string("part"));
    }
    JsonObject recipe = manifest.object("recipe");
    try (GoldenModel model =
            new GoldenModel(
                ROOT + name,
                provider,
                manifest.object("loss_options"),
                true,
                manifest.bool("repeated_decoder_norm", false),
                Freezing.FIRST_STAGE,
                false,
                parameter -> PARTS.indexOf(parts.getOrDefault(parameter.name(), "rest")));
        SafetensorsFile stored =
            SafetensorsFile.open(Golden.path(ROOT + name + "/expected.safetensors"))) {
      List<JsonObject> batches = manifest.objects("batches");
      double[] losses = Golden.doubles(stored, "loss");
      double[] lossesF32 = Golden.doubles(stored, "loss_float32");
      double[] norms = Golden.doubles(stored, "gradient_norm");
      double[] normsF32 = Golden.doubles(stored, "gradient_norm_float32");
      double noise = manifest.object("float32").number("greatest_loss_difference");
      double ofNorm = Math.max(greatest(norms, normsF32), OF_KINK * norms[0]);
      for (int s = 1; s <= losses.length; s++) {
        double loss = model.run(batches.get((s - 1) % batches.size()));
        near(losses[s - 1], lossesF32[s - 1], loss, noise, "loss of step " + s);
        double norm = model.session.finishGradients();
        near(norms[s - 1], normsF32[s - 1], norm, ofNorm, "norm of step " + s);
        model.session.update(settings(recipe, s), norm);
        if (s == 1 || s == 5 || s == 20) {
          compare(model, stored, "after_" + s, false);
        }
      }
      compare(model, stored, "ema_after_20", true);
      moments(model, stored);
    }
  }

  /** Where PyTorch's noise of a step happens to be less, that of the worst step counts. */
  private static void near(
      double expected, double float32, double actual, double worst, String what) {
    double noise = Math.max(Math.abs(expected - float32), worst);
    assertEquals(expected, actual, TIMES * noise, what);
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

  private static void compare(
      GoldenModel model, SafetensorsFile stored, String prefix, boolean average) {
    double[] samples = Golden.doubles(stored, prefix + ".samples");
    String after = average ? "after_20" : prefix;
    double[] noise = Golden.doubles(stored, after + ".float32_error_norm");
    double[] moved = Golden.doubles(stored, after + ".moved");
    Map<String, Parameter> known = known(model);
    int at = 0;
    int i = 0;
    for (JsonObject entry : model.manifest.objects("parameters")) {
      String key = entry.string("key");
      int sampled = entry.integer("count", 1, 1 << 20);
      Parameter parameter = known.get(key);
      assertTrue(parameter != null, () -> key + " does not learn");
      MemorySegment values = average ? model.session.average(parameter) : parameter.values();
      double squares = 0;
      for (int k = 0; k < sampled; k++) {
        long index = (long) k * entry.integer("step", 1, 1 << 30);
        double off = values.getAtIndex(ValueLayout.JAVA_FLOAT, index) - samples[at + k];
        squares += off * off;
      }
      // Values are of the size of 1 and rounded 20 times.
      double limit = Math.max(TIMES * noise[i], OF_MOVEMENT * moved[i]) + 1e-7 * Math.sqrt(sampled);
      double off = Math.sqrt(squares);
      if (!(off <= limit)) {
        throw new AssertionError(
            String.format(
                Locale.ROOT,
                "%s of %s is off by %.3g in norm, limit %.3g, moved by %.3g",
                prefix,
                key,
                off,
                limit,
                moved[i]));
      }
      at += sampled;
      i++;
    }
  }

  private static void moments(GoldenModel model, SafetensorsFile stored) {
    double[] first = Golden.doubles(stored, "exp_avg_after_20.norm");
    double[] second = Golden.doubles(stored, "exp_avg_sq_after_20.norm");
    byte[] has = stored.tensor("has_state").bytes().toArray(ValueLayout.JAVA_BYTE);
    Map<String, Parameter> known = known(model);
    int i = 0;
    for (JsonObject entry : model.manifest.objects("parameters")) {
      Parameter parameter = known.get(entry.string("key"));
      assertEquals(has[i] != 0, model.session.steps(parameter) > 0, entry.string("key"));
      assertEquals(first[i], norm(model.session.firstMoment(parameter)), 1e-3 * first[i] + ZERO);
      assertEquals(
          second[i], norm(model.session.secondMoment(parameter)), 1e-3 * second[i] + 1e-15);
      i++;
    }
  }

  private static double norm(MemorySegment values) {
    double squares = 0;
    for (long k = 0; k < values.byteSize() / 4; k++) {
      double value = values.getAtIndex(ValueLayout.JAVA_FLOAT, k);
      squares += value * value;
    }
    return Math.sqrt(squares);
  }

  private static Map<String, Parameter> known(GoldenModel model) {
    Map<String, Parameter> known = new HashMap<>();
    model.session.parameters().forEach(parameter -> known.put(parameter.name(), parameter));
    return known;
  }
}
