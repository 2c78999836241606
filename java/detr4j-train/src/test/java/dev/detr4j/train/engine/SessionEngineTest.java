package dev.detr4j.train.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.detr4j.backend.BackendOptions;
import dev.detr4j.backend.host.HostBackend;
import dev.detr4j.backend.vector.VectorBackendProvider;
import dev.detr4j.checkpoint.Checkpoint;
import dev.detr4j.checkpoint.CheckpointWeights;
import dev.detr4j.checkpoint.SafetensorsFile;
import dev.detr4j.image.ImageView;
import dev.detr4j.image.Normalisation;
import dev.detr4j.image.PixelSize;
import dev.detr4j.model.ModelFamilies;
import dev.detr4j.model.family.ModelConfig;
import dev.detr4j.train.TrainingException;
import dev.detr4j.train.augment.Batch;
import dev.detr4j.train.augment.Scene;
import dev.detr4j.train.data.LabelledBox;
import dev.detr4j.train.data.TrainingImage;
import dev.detr4j.train.export.NamedWeight;
import dev.detr4j.train.loss.CriterionOptions;
import dev.detr4j.train.recipe.Recipe;
import dev.detr4j.train.run.TrainingEngine;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/** What a run asks of an engine: steps that learn, and a state that goes on to the same bits. */
class SessionEngineTest {
  /** The default model; surefire's working folder is the module's. */
  private static final Path MODEL = Path.of("../../weights/codes/model");

  private final Arena arena = Arena.ofConfined();
  private final Checkpoint checkpoint = SafetensorsFile.open(MODEL.resolve("model.safetensors"));

  private static HostBackend open() {
    // A missing backend narrows the test, unless the build says that it must be there.
    String reason = new VectorBackendProvider().unavailable(new BackendOptions(2, null, 0));
    List<String> required =
        List.of(System.getProperty("detr4j.test.requireBackends", "").split(",", -1));
    assertTrue(reason == null || !required.contains("vector"), reason);
    Assumptions.assumeTrue(reason == null, reason);
    return (HostBackend) new VectorBackendProvider().open(new BackendOptions(2, null, 0));
  }

  private SessionEngine engine(HostBackend backend) {
    ModelConfig config = ModelFamilies.ALL.read(MODEL.resolve("config.json"));
    return SessionEngine.open(
        config,
        new CheckpointWeights(checkpoint, config.family().huggingFaceNames(config)),
        backend,
        Recipe.DEFORMABLE,
        Recipe.DEFORMABLE.freezing(),
        CriterionOptions.ORIGINAL_DEFORMABLE,
        false,
        Normalisation.ofUnitRange(
            new Normalisation.MeanAndStd(List.of(0.5, 0.5, 0.5), List.of(0.25, 0.25, 0.25))),
        (weights, dataset, progress) -> List.of());
  }

  /** A bright box on a dark picture. */
  private Scene scene(int width, int height, int label, int x, int y, int side) {
    byte[] pixels = new byte[3 * width * height];
    for (int row = y; row < y + side; row++) {
      for (int column = x; column < x + side; column++) {
        pixels[3 * (row * width + column) + label % 3] = (byte) 220;
      }
    }
    MemorySegment memory = arena.allocate(pixels.length);
    memory.copyFrom(MemorySegment.ofArray(pixels));
    LabelledBox box = new LabelledBox(label, x, y, side, side, (double) side * side, false, "here");
    return Scene.of(
        ImageView.rgb(memory, width, height),
        new TrainingImage("a", Path.of("a"), width, height, false, List.of(box)),
        arena);
  }

  private Batch batch() {
    return new Batch(
        List.of("a", "b"),
        List.of(scene(128, 96, 0, 20, 30, 40), scene(96, 64, 2, 50, 10, 30)),
        new PixelSize(128, 96));
  }

  private static double step(TrainingEngine engine, Batch batch, long number) {
    return engine.step(batch, new TrainingEngine.Settings(number, 1e-3, 0.9)).losses().total();
  }

  @Test
  void stepsLearnAndStatesGoOnToTheSameBits() {
    Batch batch = batch();
    List<NamedWeight> kept = new ArrayList<>();
    Map<String, Long> steps;
    List<NamedWeight> expected;
    double after;
    try (HostBackend backend = open();
        SessionEngine engine = engine(backend)) {
      double first = step(engine, batch, 1);
      for (int i = 2; i <= 24; i++) {
        step(engine, batch, i);
      }
      for (NamedWeight each : engine.state()) {
        MemorySegment copy = arena.allocate(each.values().byteSize(), 64);
        copy.copyFrom(each.values());
        kept.add(new NamedWeight(each.name(), each.shape(), copy));
      }
      // The recipe keeps no average: none takes memory or a place in the state.
      assertTrue(kept.stream().noneMatch(each -> each.name().startsWith("average of ")));
      steps = engine.tensorSteps();
      after = step(engine, batch, 25);
      assertTrue(after < 0.7 * first, "the loss went from " + first + " to " + after);
      expected = copies(engine.exported());
      assertTrue(engine.memoryBytes() > 1 << 20);
    }
    try (HostBackend backend = open();
        SessionEngine engine = engine(backend)) {
      List<NamedWeight> part = kept.subList(1, kept.size());
      String message =
          assertThrows(TrainingException.class, () -> engine.restore(part, steps)).getMessage();
      assertTrue(message.startsWith("the state of the run has nothing for \""), message);
      engine.restore(kept, steps);
      assertEquals(after, step(engine, batch, 25));
      List<NamedWeight> actual = engine.exported();
      assertEquals(expected.size(), actual.size());
      for (int i = 0; i < actual.size(); i++) {
        assertEquals(expected.get(i).name(), actual.get(i).name());
        assertEquals(
            -1, expected.get(i).values().mismatch(actual.get(i).values()), actual.get(i).name());
      }
    }
    checkpoint.close();
    arena.close();
  }

  private List<NamedWeight> copies(List<NamedWeight> weights) {
    return weights.stream()
        .map(each -> {
          MemorySegment copy = arena.allocate(each.values().byteSize(), 64);
          copy.copyFrom(each.values());
          return new NamedWeight(each.name(), each.shape(), copy);
        })
        .toList();
  }
}
