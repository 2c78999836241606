package dev.detr4j.parity;

import dev.detr4j.backend.BackendKind;
import dev.detr4j.backend.host.HostBackend;
import dev.detr4j.checkpoint.SafetensorsFile;
import dev.detr4j.error.CheckpointException;
import dev.detr4j.json.JsonObject;
import dev.detr4j.tensor.Shape;
import dev.detr4j.tensor.Weight;
import dev.detr4j.train.engine.AdamW;
import dev.detr4j.train.engine.OptimizerSettings;
import dev.detr4j.train.engine.Parameter;
import dev.detr4j.train.engine.ParameterMemory;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Ten steps of AdamW on two small tensors against torch.optim.AdamW in float64. */
final class OptimizerParity implements ParityCase.OnHost {
  private static final int STEPS = 10;
  private static final List<Shape> SHAPES = List.of(Shape.of(7), Shape.of(3, 5));

  /** Of the norm: a dozen roundings to float32 of what is summed in double. */
  private static final double NORM = 1e-6;

  private final String path;
  private final Path file;

  /** The case of {@code optimizer.json}, whose tensors lie beside it. */
  OptimizerParity(String path, Path file) {
    this.path = path;
    this.file = file;
  }

  private record Formula(String name, Shape shape, SeededTensor values) implements Weight {
    @Override
    public void read(MemorySegment destination) {
      values.fill(destination, 0, shape.elements());
    }
  }

  @Override
  public String path() {
    return path;
  }

  @Override
  public List<StageResult> run() {
    JsonObject all =
        JsonObject.read(
            file, message -> new CheckpointException("golden case " + path + ": " + message));
    List<StageResult> results = new ArrayList<>();
    try (SafetensorsFile stored =
        SafetensorsFile.open(file.resolveSibling("optimizer.safetensors"))) {
      for (JsonObject entry : all.objects("cases")) {
        results.add(run(entry, stored));
      }
    }
    return results;
  }

  private static StageResult run(JsonObject entry, SafetensorsFile stored) {
    String name = entry.string("case");
    long seed = entry.longInteger("seed");
    List<Parameter> parameters = new ArrayList<>();
    for (int i = 0; i < SHAPES.size(); i++) {
      parameters.add(
          new Parameter(
              new Formula("w" + i, SHAPES.get(i), new SeededTensor("weight." + i, seed, 0, 1))));
    }
    double scale = entry.object("gradients").number("scale");
    OptimizerSettings settings = settings(entry);
    Worst worst = new Worst();
    try (HostBackend backend =
            TrainingCase.host(ParityTarget.of(BackendKind.REFERENCE, null, 2).open());
        ParameterMemory memory = new ParameterMemory(backend, parameters, false)) {
      AdamW optimizer = new AdamW(memory, backend.workers(), parameters, parameter -> 0);
      parameters.forEach(
          each -> memory.sum(each, each.shape().rank() == 1 ? Shape.of(1, 7) : each.shape()));
      double[] norms = StoredValues.doubles(stored, name + ".norm");
      for (int s = 1; s <= STEPS; s++) {
        for (int i = 0; i < parameters.size(); i++) {
          new SeededTensor("gradient." + i + "." + s, seed, 0, scale)
              .fill(
                  memory.gradients().asSlice(memory.place(parameters.get(i))),
                  0,
                  SHAPES.get(i).elements());
        }
        double norm = optimizer.norm();
        worst.add("norm of step", s, norm, norms[s - 1], NORM * norms[s - 1]);
        optimizer.step(settings, norm);
      }
      // Ten times the difference of float32 in torch, which is about two units in the last place.
      double limit = 10 * entry.number("max_abs_diff_float32");
      for (int i = 0; i < parameters.size(); i++) {
        Parameter parameter = parameters.get(i);
        long bytes = 4 * parameter.shape().elements();
        long place = memory.place(parameter);
        compare(worst, stored, name + ".weight." + i, parameter.values(), limit);
        compare(
            worst,
            stored,
            name + ".exp_avg." + i,
            memory.firstMoments().asSlice(place, bytes),
            limit);
        compare(
            worst,
            stored,
            name + ".exp_avg_sq." + i,
            memory.secondMoments().asSlice(place, bytes),
            limit);
      }
    }
    return worst.result(name);
  }

  private static OptimizerSettings settings(JsonObject entry) {
    JsonObject settings = entry.object("settings");
    List<Double> betas = settings.numbers("betas");
    return new OptimizerSettings(
        List.of(
            new OptimizerSettings.Group(settings.number("lr"), settings.number("weight_decay"))),
        entry.isNull("clip_norm") ? 0 : entry.number("clip_norm"),
        betas.get(0),
        betas.get(1),
        settings.number("eps"),
        -1);
  }

  private static void compare(
      Worst worst, SafetensorsFile stored, String name, MemorySegment actual, double limit) {
    double[] expected = StoredValues.doubles(stored, name);
    for (int i = 0; i < expected.length; i++) {
      worst.add(name, i, actual.getAtIndex(ValueLayout.JAVA_FLOAT, i), expected[i], limit);
    }
  }
}
