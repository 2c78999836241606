package dev.detr4j.train.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.detr4j.backend.BackendOptions;
import dev.detr4j.backend.host.HostBackend;
import dev.detr4j.backend.reference.ReferenceBackendProvider;
import dev.detr4j.checkpoint.SafetensorsFile;
import dev.detr4j.json.JsonObject;
import dev.detr4j.parity.SeededTensor;
import dev.detr4j.tensor.Shape;
import dev.detr4j.tensor.Weight;
import dev.detr4j.train.golden.Golden;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Ten steps of AdamW on two small tensors against torch.optim.AdamW in float64. */
class OptimizerTest {
  private static final String FILE = "trajectories/optimizer";

  static Stream<String> cases() {
    return Golden.json(FILE + ".json").objects("cases").stream().map(each -> each.string("case"));
  }

  private record Formula(String name, Shape shape, SeededTensor values) implements Weight {
    @Override
    public void read(MemorySegment destination) {
      values.fill(destination, 0, shape.elements());
    }
  }

  @ParameterizedTest
  @MethodSource("cases")
  void agreesWithTorch(String name) {
    JsonObject entry =
        Golden.json(FILE + ".json").objects("cases").stream()
            .filter(each -> each.string("case").equals(name))
            .findFirst()
            .orElseThrow();
    long seed = entry.longInteger("seed");
    JsonObject settings = entry.object("settings");
    List<Double> betas = settings.numbers("betas");
    double clip = entry.isNull("clip_norm") ? 0 : entry.number("clip_norm");
    OptimizerSettings step =
        new OptimizerSettings(
            List.of(
                new OptimizerSettings.Group(
                    settings.number("lr"), settings.number("weight_decay"))),
            clip,
            betas.get(0),
            betas.get(1),
            settings.number("eps"),
            -1);
    List<Parameter> parameters = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      Shape shape = i == 0 ? Shape.of(7) : Shape.of(3, 5);
      parameters.add(
          new Parameter(new Formula("w" + i, shape, new SeededTensor("weight." + i, seed, 0, 1))));
    }
    double scale = entry.object("gradients").number("scale");
    try (HostBackend backend =
            (HostBackend) new ReferenceBackendProvider().open(new BackendOptions(2, null, 0));
        ParameterMemory memory = new ParameterMemory(backend, parameters);
        SafetensorsFile stored = SafetensorsFile.open(Golden.path(FILE + ".safetensors"))) {
      AdamW optimizer = new AdamW(memory, backend.workers(), parameters, parameter -> 0);
      parameters.forEach(parameter ->
          memory.sum(
              parameter, parameter.shape().rank() == 1 ? Shape.of(1, 7) : parameter.shape()));
      double[] norms = Golden.doubles(stored, name + ".norm");
      for (int s = 1; s <= 10; s++) {
        for (int i = 0; i < 2; i++) {
          Parameter parameter = parameters.get(i);
          new SeededTensor("gradient." + i + "." + s, seed, 0, scale)
              .fill(
                  memory.gradients().asSlice(memory.place(parameter)),
                  0,
                  parameter.shape().elements());
        }
        double norm = optimizer.norm();
        assertEquals(norms[s - 1], norm, 1e-6 * norms[s - 1]);
        optimizer.step(step, norm);
      }
      // Ten times the difference of float32 in torch, which is about two units in the last place.
      double limit = 10 * entry.number("max_abs_diff_float32");
      for (int i = 0; i < 2; i++) {
        Parameter parameter = parameters.get(i);
        compare(stored, name + ".weight." + i, parameter.values(), limit);
        long bytes = 4 * parameter.shape().elements();
        long place = memory.place(parameter);
        compare(stored, name + ".exp_avg." + i, memory.firstMoments().asSlice(place, bytes), limit);
        compare(
            stored, name + ".exp_avg_sq." + i, memory.secondMoments().asSlice(place, bytes), limit);
      }
    }
  }

  private static void compare(
      SafetensorsFile stored, String name, MemorySegment actual, double limit) {
    double[] expected = Golden.doubles(stored, name);
    for (int i = 0; i < expected.length; i++) {
      assertEquals(
          expected[i], actual.getAtIndex(ValueLayout.JAVA_FLOAT, i), limit, name + " " + i);
    }
  }

  /** A tensor that no gradient reaches keeps its values, decay or not. */
  @Test
  void leavesAloneWhatNoGradientReaches() {
    Parameter reached =
        new Parameter(new Formula("a", Shape.of(2, 3), new SeededTensor("a", 1, 0, 1)));
    Parameter other =
        new Parameter(new Formula("b", Shape.of(2, 3), new SeededTensor("b", 1, 0, 1)));
    try (HostBackend backend =
            (HostBackend) new ReferenceBackendProvider().open(new BackendOptions(1, null, 0));
        ParameterMemory memory = new ParameterMemory(backend, List.of(reached, other))) {
      AdamW optimizer =
          new AdamW(memory, backend.workers(), List.of(reached, other), parameter -> 0);
      memory.sum(reached, reached.shape());
      float before = other.values().getAtIndex(ValueLayout.JAVA_FLOAT, 0);
      float decayed = reached.values().getAtIndex(ValueLayout.JAVA_FLOAT, 0);
      optimizer.step(OptimizerSettings.of(List.of(new OptimizerSettings.Group(0.1, 0.5)), 0, 0), 0);
      assertEquals(before, other.values().getAtIndex(ValueLayout.JAVA_FLOAT, 0));
      assertEquals(decayed * 0.95f, reached.values().getAtIndex(ValueLayout.JAVA_FLOAT, 0), 1e-6);
    }
  }
}
