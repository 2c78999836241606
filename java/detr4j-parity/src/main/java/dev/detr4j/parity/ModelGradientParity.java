package dev.detr4j.parity;

import dev.detr4j.backend.Backend;
import dev.detr4j.backend.BackendKind;
import dev.detr4j.checkpoint.SafetensorsFile;
import dev.detr4j.error.CheckpointException;
import dev.detr4j.json.JsonObject;
import dev.detr4j.train.engine.Parameter;
import dev.detr4j.train.recipe.Freezing;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Loss and gradient of every parameter of a whole model against PyTorch in float64, within ten
 * times the difference that float32 makes there.
 */
final class ModelGradientParity implements TrainingCase {
  /** Relative to the greatest of a tensor, where PyTorch's own noise happens to be less. */
  private static final double FLOOR = 1e-6;

  /** Of the loss: about thirty roundings of a sum. */
  private static final double LOSS_FLOOR = 2e-6;

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

  private final String path;
  private final Path folder;
  private final JsonObject manifest;
  private final String variant;
  private final boolean recompute;

  /**
   * A variant of a case: which project's losses are taken.
   *
   * @param path ends with the names of the case and the variant
   * @param folder with manifest, configuration and what is stored
   * @param recompute whether layers are computed anew on the way back
   */
  ModelGradientParity(
      String path, Path folder, JsonObject manifest, String variant, boolean recompute) {
    this.path = path;
    this.folder = folder;
    this.manifest = manifest;
    this.variant = variant;
    this.recompute = recompute;
  }

  @Override
  public String path() {
    return path;
  }

  private boolean fullSize() {
    return manifest.string("case").startsWith("full_");
  }

  @Override
  public @Nullable String refusal(BackendKind kind) {
    return fullSize() && kind == BackendKind.REFERENCE
        ? "gradients of full-size models take reference half an hour a case: it is compared on small"
            + " ones"
        : TrainingCase.super.refusal(kind);
  }

  @Override
  public List<StageResult> run(Backend backend) {
    JsonObject of = manifest.object("variants").object(variant);
    List<StageResult> results = new ArrayList<>();
    try (SafetensorsFile stored = SafetensorsFile.open(folder.resolve("expected.safetensors"));
        TrainedModel model = open(backend, of)) {
      compare(model, stored, of, results);
    }
    return results;
  }

  private TrainedModel open(Backend backend, JsonObject of) {
    return new TrainedModel(
        folder,
        manifest,
        TrainingCase.host(backend),
        new TrainedModel.Options(
            of.object("options"),
            of.bool("auxiliary_layers", true),
            of.bool("repeated_decoder_norm", false),
            Freezing.NOTHING,
            recompute,
            parameter -> 0));
  }

  private void compare(
      TrainedModel model, SafetensorsFile stored, JsonObject of, List<StageResult> results) {
    double expectedLoss = of.number("loss");
    double noise = Math.abs(of.object("float32").number("loss") - expectedLoss);
    Worst loss = new Worst();
    loss.add(
        "loss", model.run(manifest), expectedLoss, Math.max(10 * noise, LOSS_FLOOR * expectedLoss));
    results.add(loss.result("loss"));

    double expectedNorm = of.object("total_norm").number("all");
    double relative = of.object("float32_error").number("relative_total_norm");
    Worst norm = new Worst();
    norm.add(
        "norm",
        model.session().finishGradients(),
        expectedNorm,
        expectedNorm * Math.max(10 * relative, FLOOR));
    results.add(norm.result("norm of all"));

    double worstTensor =
        Math.max(
            of.object("float32_error").number("greatest_relative"),
            fullSize() ? OF_FLIPPED_UNITS : 0);
    new Gradients(model, stored, Math.max(worstTensor, FLOOR), OF_WHOLE * expectedNorm)
        .compare(results);
  }

  /** The gradients of all parameters, with what each may be off beside ten times its own noise. */
  private final class Gradients {
    private final TrainedModel model;
    private final double relative;
    private final double absolute;
    private final double[] norms;
    private final double[] samples;
    private final double[] sampleNoise;
    private final double[] normNoise;
    private final int[] has;
    private final Worst reached = new Worst();
    private final Worst norm = new Worst();
    private final Worst sample = new Worst();

    /**
     * @param relative how far, relatively, PyTorch's worst tensor is off in float32
     * @param absolute what sums that cancel may leave
     */
    Gradients(TrainedModel model, SafetensorsFile stored, double relative, double absolute) {
      this.model = model;
      this.relative = relative;
      this.absolute = absolute;
      norms = StoredValues.doubles(stored, variant + ".norm");
      samples = StoredValues.doubles(stored, variant + ".samples");
      sampleNoise = StoredValues.doubles(stored, variant + ".float32_error_samples");
      normNoise = StoredValues.doubles(stored, variant + ".float32_error_norm");
      has = StoredValues.integers(stored, variant + ".has_gradient");
    }

    void compare(List<StageResult> results) {
      List<String> others = new ArrayList<>(model.parameters().keySet());
      List<JsonObject> entries = model.entries();
      int at = 0;
      for (int i = 0; i < entries.size(); i++) {
        JsonObject entry = entries.get(i);
        String key = entry.string("key");
        int count = entry.integer("count", 1, 1 << 20);
        Parameter parameter = model.parameter(key);
        boolean gradient = parameter != null && model.session().hasGradient(parameter);
        reached.add(key + " has a gradient", gradient ? 1 : 0, has[i], 0);
        if (parameter != null && gradient && has[i] != 0) {
          compare(i, key, at, count, entry.integer("step", 1, 1 << 30), parameter);
        }
        others.remove(key);
        at += count;
      }
      if (!others.isEmpty()) {
        reached.addWrong(others + " learn here, and not there");
      }
      results.add(reached.result("which have one"));
      results.add(norm.result("norms"));
      // A unit on the other side of its kink moves few elements far: see OF_FLIPPED_UNITS.
      if (!fullSize()) {
        results.add(sample.result("samples"));
      }
    }

    private void compare(int i, String key, int at, int count, int step, Parameter parameter) {
      MemorySegment gradient = model.session().gradient(parameter);
      double squares = 0;
      double greatest = 0;
      for (long k = 0; k < gradient.byteSize() / 4; k++) {
        double value = gradient.getAtIndex(ValueLayout.JAVA_FLOAT, k);
        squares += value * value;
        greatest = Math.max(greatest, Math.abs(value));
      }
      // The two numbers of this bias are sums of a thousand slopes of either sign, and PyTorch's
      // float32 happens to be far closer than that makes likely.
      double times = key.endsWith("reference_points.bias") ? 30 : 10;
      norm.add(
          key,
          Math.sqrt(squares),
          norms[i],
          Math.max(times * normNoise[i], relative * norms[i]) + absolute);
      double limit = Math.max(times * sampleNoise[i], relative * greatest) + absolute;
      for (int k = 0; k < count; k++) {
        long element = (long) k * step;
        sample.add(
            key,
            element,
            gradient.getAtIndex(ValueLayout.JAVA_FLOAT, element),
            samples[at + k],
            limit);
      }
    }
  }

  /** Reads the manifest of a folder of {@code gradients/} or {@code trajectories/}. */
  static JsonObject manifest(String path, Path folder) {
    return JsonObject.read(
        folder.resolve("manifest.json"),
        message -> new CheckpointException("golden case " + path + ": " + message));
  }
}
