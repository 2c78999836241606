package dev.detr4j.parity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.detr4j.backend.Backend;
import dev.detr4j.backend.BackendKind;
import dev.detr4j.backend.Queue;
import dev.detr4j.checkpoint.CheckpointWeights;
import dev.detr4j.checkpoint.SafetensorsWriter;
import dev.detr4j.checkpoint.StoredType;
import dev.detr4j.model.deformable.DeformableDetrConfig;
import dev.detr4j.model.description.ModelSource;
import dev.detr4j.model.detr.DetrConfig;
import dev.detr4j.model.family.ModelConfig;
import dev.detr4j.model.graph.DetectionModel;
import dev.detr4j.model.graph.ModelInput;
import dev.detr4j.model.names.TableNames;
import dev.detr4j.model.resnet.ResNetConfig;
import dev.detr4j.op.LevelShape;
import dev.detr4j.parity.ParityOutcome.Verdict;
import dev.detr4j.plan.ExecutionPlan;
import dev.detr4j.plan.GraphPlan;
import dev.detr4j.plan.Planner;
import dev.detr4j.tensor.Buffer;
import dev.detr4j.tensor.Shape;
import dev.detr4j.tensor.TensorView;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The options of a case reach recognition. The stored outputs are those of small models that were
 * made with the right configuration; with another one shapes or values are others.
 */
class CaseOptionsTest {
  private static final String CASE = "models/made";
  private static final List<String> PETS = List.of("cat", "dog", "bird");
  private static final int HEIGHT = 64;
  private static final int WIDTH = 96;
  private static final long SEED = 5;

  @TempDir Path folder;

  private static ResNetConfig resNet(List<Integer> taps, int outputStride) {
    ResNetConfig plain = RecognisedDetectorTest.resNet(taps);
    return new ResNetConfig(
        plain.block(),
        plain.stemWidth(),
        plain.depths(),
        plain.widths(),
        false,
        false,
        outputStride,
        taps,
        plain.origin());
  }

  private static ModelConfig detr(int outputStride) {
    return new DetrConfig(
        resNet(List.of(4), outputStride), RecognisedDetectorTest.TRANSFORMER, 9, PETS);
  }

  private static ModelConfig deformable(int outputStride, boolean twoStage, int queries) {
    return new DeformableDetrConfig(
        resNet(List.of(2, 3, 4), outputStride),
        RecognisedDetectorTest.TRANSFORMER,
        4,
        4,
        4,
        twoStage,
        twoStage,
        queries,
        PETS,
        DeformableDetrConfig.Numerics.STANDARD);
  }

  /** A stored stage: what the case calls it and the graph, and its values in the case's layout. */
  private record Stage(String name, Shape shape, float[] values)
      implements SafetensorsWriter.Entry {
    @Override
    public StoredType type() {
      return StoredType.F32;
    }

    @Override
    public MemorySegment bytes(Arena arena) {
      return arena.allocateFrom(ValueLayout.JAVA_FLOAT_UNALIGNED, values);
    }
  }

  /**
   * Writes the case of a model.
   *
   * @param stages by the name in the case, the name in the graph
   */
  private void write(
      ModelSource source, ModelConfig config, String options, Map<String, String> stages)
      throws IOException {
    FormulaCheckpoint checkpoint = RecognisedDetectorTest.tensors(source, config, folder);
    CheckpointWeights weights =
        new CheckpointWeights(
            checkpoint,
            new TableNames(RecognisedDetectorTest.table(source), config.tiedHeads(), ""));
    DetectionModel model = config.network(weights);
    List<Stage> outputs = new ArrayList<>();
    try (Backend backend = ParityTarget.of(BackendKind.REFERENCE, null, 2).open();
        Queue queue = backend.newQueue();
        GraphPlan planned =
            Planner.plan(
                model.graph(new ModelInput(HEIGHT, WIDTH, List.of(new LevelShape(HEIGHT, WIDTH)))),
                backend,
                queue,
                stages.values().stream()
                    .filter(name -> name.startsWith("backbone"))
                    .collect(Collectors.toUnmodifiableSet()));
        Buffer slab = backend.allocate(planned.slabBytes());
        ExecutionPlan plan = planned.bind(queue, slab);
        Arena arena = Arena.ofConfined()) {
      queue.upload(
          input(arena),
          0,
          plan.input(DetectionModel.PIXEL_VALUES).buffer(),
          plan.input(DetectionModel.PIXEL_VALUES).offset(),
          4L * 3 * HEIGHT * WIDTH);
      plan.submit();
      stages.forEach((name, inGraph) -> {
        TensorView view = plan.output(inGraph);
        Shape here = view.shape();
        Shape stored =
            here.rank() == 4 ? Shape.of(here.get(0), here.get(3), here.get(1), here.get(2)) : here;
        BackendTensor values = BackendTensor.download(queue, name, view, stored, arena);
        float[] flat = new float[(int) stored.elements()];
        for (int i = 0; i < flat.length; i++) {
          flat[i] = values.get(i);
        }
        outputs.add(new Stage(name, stored, flat));
      });
    }
    Path target = Files.createDirectories(folder.resolve(CASE));
    SafetensorsWriter.write(target.resolve("expected.safetensors"), outputs);
    String tensors = Files.readString(folder.resolve("manifest.json"));
    Files.writeString(
        target.resolve("manifest.json"),
        """
        {"source": "%s", "options": %s,
         "input": {"shape": [1, 3, %d, %d], "base": 0, "scale": 2, "valid_hw": [[%d, %d]]},
         "expected": {"tensors": {%s}}, %s\
        """
            .formatted(
                source == ModelSource.DETR ? "facebookresearch/detr" : "Deformable-DETR",
                options,
                HEIGHT,
                WIDTH,
                HEIGHT,
                WIDTH,
                outputs.stream()
                    .map(stage -> "\"%s\": {\"full_shape\": %s}".formatted(stage.name, stage.shape))
                    .collect(Collectors.joining(", ")),
                tensors.substring(tensors.indexOf('{') + 1)));
  }

  /** The formula gives planes, the network takes pixels. */
  private static MemorySegment input(Arena arena) {
    SeededTensor formula = new SeededTensor("input", SEED, 0, 2);
    MemorySegment pixels = arena.allocate(4L * 3 * HEIGHT * WIDTH, 64);
    for (int c = 0; c < 3; c++) {
      for (int p = 0; p < HEIGHT * WIDTH; p++) {
        pixels.setAtIndex(
            ValueLayout.JAVA_FLOAT, 3L * p + c, formula.at((long) c * HEIGHT * WIDTH + p));
      }
    }
    return pixels;
  }

  private ParityOutcome run() {
    List<ParityOutcome> outcomes = new ArrayList<>();
    ParityRun.run(
        ParityCases.of(GoldenSet.open(folder), List.of()),
        ParityTarget.tiersOf(BackendKind.REFERENCE, 2),
        outcomes::add);
    assertEquals(1, outcomes.size());
    return outcomes.getFirst();
  }

  private void assertPasses(Set<String> stages) {
    ParityOutcome outcome = run();
    assertEquals(Verdict.PASS, outcome.verdict(), outcome::toString);
    assertEquals(
        stages, outcome.stages().stream().map(StageResult::stage).collect(Collectors.toSet()));
  }

  private void assertError(String message) {
    ParityOutcome outcome = run();
    assertEquals(Verdict.ERROR, outcome.verdict(), outcome::toString);
    assertTrue(outcome.message().contains(message), outcome::message);
  }

  private static Map<String, String> stages(String... namesAndInGraph) {
    Map<String, String> stages = new LinkedHashMap<>();
    for (int i = 0; i < namesAndInGraph.length; i += 2) {
      stages.put(namesAndInGraph[i], namesAndInGraph[i + 1]);
    }
    stages.put("logits", "logits");
    stages.put("pred_boxes", "pred_boxes");
    return stages;
  }

  @Test
  void theTapOfDetrItselfIsTheMapThatTheNeckTakes() throws IOException {
    write(ModelSource.DETR, detr(32), "{\"dilation\": false}", stages("backbone.0", "backbone.3"));
    assertPasses(Set.of("backbone.0", "logits", "pred_boxes"));
  }

  @Test
  void aDilatedLastStageReachesRecognition() throws IOException {
    write(
        ModelSource.DETR,
        detr(16),
        "{\"dilation\": true, \"num_queries\": 9}",
        stages("backbone.0", "backbone.3"));
    assertPasses(Set.of("backbone.0", "logits", "pred_boxes"));
  }

  @Test
  void aVariantReachesRecognition() throws IOException {
    write(
        ModelSource.DETR,
        detr(16),
        "{\"variant\": \"r14-dc5\"}",
        stages("backbone.0", "backbone.3"));
    assertPasses(Set.of("backbone.0", "logits", "pred_boxes"));
  }

  @Test
  void proposalsReachRecognition() throws IOException {
    write(
        ModelSource.DEFORMABLE_DETR,
        deformable(32, true, 20),
        "{\"num_queries\": 20, \"two_stage\": true}",
        stages("backbone.0", "backbone.0", "backbone.2", "backbone.2"));
    assertPasses(Set.of("backbone.0", "backbone.2", "logits", "pred_boxes"));
  }

  @Test
  void aDilatedStageBelowSeveralLevelsReachesRecognition() throws IOException {
    write(
        ModelSource.DEFORMABLE_DETR,
        deformable(16, false, 9),
        "{\"dilation\": true}",
        stages("backbone.2", "backbone.2"));
    assertPasses(Set.of("backbone.2", "logits", "pred_boxes"));
  }

  @Test
  void optionsThatDoNotFitTheTensorsAreAnError() throws IOException {
    write(ModelSource.DETR, detr(32), "{\"num_queries\": 10}", stages());
    assertError("options: num_queries is 10, but the tensors are those of a model with 9 queries");
  }

  @Test
  void aTapBehindTheMapsOfTheNeckIsAnError() throws IOException {
    write(ModelSource.DETR, detr(32), "{}", stages("backbone.1", "backbone.3"));
    assertError("stage backbone.1 is stored, this model has ");
  }
}
