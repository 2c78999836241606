package dev.detr4j.train.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import dev.detr4j.backend.BackendKind;
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
 * Loss and gradient of every parameter of whole models against PyTorch in float64, within ten times
 * the difference that float32 makes there. The full models take minutes: they run with {@code
 * -Ddetr4j.test.long=true}, and on the fast backends alone.
 */
class ModelGradientsTest {
  private static final String ROOT = "gradients/";

  /** Relative to the greatest of a tensor, where PyTorch's own noise happens to be less. */
  private static final double FLOOR = 1e-6;

  /**
   * A handful of ReLU units of the full models lie so near zero that their side is a matter of
   * rounding; those of an implementation are not those of PyTorch. Six of 35.8 million moved a
   * gradient by 8.6e-4 of itself there.
   */
  private static final double OF_FLIPPED_UNITS = 1e-3;

  /**
   * Of the norm of the whole gradient: tensors with next to no gradient are differences of others.
   */
  private static final double OF_WHOLE = 1e-9;

  @TestFactory
  Stream<DynamicTest> agreeWithPyTorch() {
    boolean all = Boolean.getBoolean("detr4j.test.long");
    return TrainingBackends.all()
        .flatMap(provider ->
            Golden.json(ROOT + "index.json").objects("cases").stream()
                .map(entry -> entry.string("case"))
                .filter(name ->
                    isShort(name, provider) || (all && provider.kind() != BackendKind.REFERENCE))
                .flatMap(name ->
                    Golden.json(ROOT + name + "/manifest.json").object("variants").names().stream()
                        .map(variant ->
                            dynamicTest(
                                provider.kind().id() + " " + name + " " + variant,
                                () -> check(provider, name, variant, false)))));
  }

  private static boolean isShort(String name, BackendProvider provider) {
    return name.startsWith("small_")
        || (name.equals("codes_two_stage") && provider.kind() != BackendKind.REFERENCE);
  }

  /** What is computed anew has the same bits, and so has everything that follows from it. */
  @TestFactory
  Stream<DynamicTest> agreeWhereLayersAreComputedAnew() {
    return TrainingBackends.all()
        .flatMap(provider ->
            Stream.of("small_two_stage", "small_detr")
                .map(name ->
                    dynamicTest(
                        provider.kind().id() + " " + name,
                        () -> check(provider, name, "original", true))));
  }

  private static void check(
      BackendProvider provider, String name, String variantName, boolean recompute) {
    TrainingBackends.assumeAvailable(provider);
    JsonObject variant =
        Golden.json(ROOT + name + "/manifest.json").object("variants").object(variantName);
    try (GoldenModel model =
            new GoldenModel(
                ROOT + name,
                provider,
                variant.object("options"),
                variant.bool("auxiliary_layers", true),
                variant.bool("repeated_decoder_norm", false),
                Freezing.NOTHING,
                recompute,
                parameter -> 0);
        SafetensorsFile stored =
            SafetensorsFile.open(Golden.path(ROOT + name + "/expected.safetensors"))) {
      double loss = model.run(model.manifest);
      double noise = Math.abs(variant.object("float32").number("loss") - variant.number("loss"));
      assertEquals(
          variant.number("loss"), loss, Math.max(10 * noise, 2e-6 * variant.number("loss")));
      double norm = model.session.finishGradients();
      double expectedNorm = variant.object("total_norm").number("all");
      compare(
          model,
          stored,
          variantName,
          new Limits(
              expectedNorm,
              Math.max(
                  variant.object("float32_error").number("greatest_relative"),
                  name.startsWith("full_") ? OF_FLIPPED_UNITS : 0)),
          name.startsWith("full_"));
      double relative = variant.object("float32_error").number("relative_total_norm");
      assertEquals(expectedNorm, norm, expectedNorm * Math.max(10 * relative, FLOOR));
    }
  }

  /**
   * What every tensor may be off, beside ten times its own noise.
   *
   * @param total the norm of the whole gradient
   * @param worst how far, relatively, PyTorch's worst tensor is off in float32
   */
  private record Limits(double total, double worst) {
    double relative() {
      return Math.max(worst, FLOOR);
    }

    double absolute() {
      return OF_WHOLE * total;
    }
  }

  private static void compare(
      GoldenModel model, SafetensorsFile stored, String variant, Limits limits, boolean inNorm) {
    Map<String, Parameter> known = new HashMap<>();
    model.session.parameters().forEach(parameter -> known.put(parameter.name(), parameter));
    double[] norms = Golden.doubles(stored, variant + ".norm");
    double[] samples = Golden.doubles(stored, variant + ".samples");
    double[] sampleNoise = Golden.doubles(stored, variant + ".float32_error_samples");
    double[] normNoise = Golden.doubles(stored, variant + ".float32_error_norm");
    byte[] has = stored.tensor(variant + ".has_gradient").bytes().toArray(ValueLayout.JAVA_BYTE);
    List<JsonObject> parameters = model.manifest.objects("parameters");
    int at = 0;
    StringBuilder wrong = new StringBuilder();
    int count = 0;
    for (int i = 0; i < parameters.size(); i++) {
      JsonObject entry = parameters.get(i);
      String key = entry.string("key");
      int step = entry.integer("step", 1, 1 << 30);
      int sampled = entry.integer("count", 1, 1 << 20);
      Parameter parameter = known.remove(key);
      assertTrue(parameter != null || has[i] == 0, () -> key + " is no parameter here");
      if (parameter != null) {
        assertEquals(
            has[i] != 0, model.session.hasGradient(parameter), () -> key + " has a gradient");
      }
      if (has[i] != 0 && parameter != null) {
        MemorySegment gradient = model.session.gradient(parameter);
        double norm = 0;
        double greatest = 0;
        for (long k = 0; k < gradient.byteSize() / 4; k++) {
          double value = gradient.getAtIndex(ValueLayout.JAVA_FLOAT, k);
          norm += value * value;
          greatest = Math.max(greatest, Math.abs(value));
        }
        norm = Math.sqrt(norm);
        // The two numbers of this bias are sums of a thousand slopes of either sign, and PyTorch's
        // float32 happens to be far closer than that makes likely.
        double times = key.endsWith("reference_points.bias") ? 30 : 10;
        double limit =
            Math.max(times * sampleNoise[i], limits.relative() * greatest) + limits.absolute();
        double normLimit =
            Math.max(times * normNoise[i], limits.relative() * norms[i]) + limits.absolute();
        double worst = 0;
        for (int k = 0; k < sampled; k++) {
          double value = gradient.getAtIndex(ValueLayout.JAVA_FLOAT, (long) k * step);
          worst = Math.max(worst, Math.abs(value - samples[at + k]));
        }
        if (!(Math.abs(norm - norms[i]) <= normLimit) || (!inNorm && !(worst <= limit))) {
          count++;
          if (count <= 8) {
            wrong.append(
                String.format(
                    Locale.ROOT,
                    "%n  %s: norm %.6g, expected %.6g (limit %.2g); worst sample off %.3g (limit %.2g)",
                    key,
                    norm,
                    norms[i],
                    normLimit,
                    worst,
                    limit));
          }
        }
      }
      at += sampled;
    }
    if (count > 0) {
      throw new AssertionError(count + " gradients are off:" + wrong);
    }
    known
        .values()
        .forEach(parameter -> {
          throw new AssertionError(parameter + " learns here, and not there");
        });
  }
}
