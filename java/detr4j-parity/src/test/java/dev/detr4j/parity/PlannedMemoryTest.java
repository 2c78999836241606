package dev.detr4j.parity;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;

import dev.detr4j.backend.Backend;
import dev.detr4j.backend.Queue;
import dev.detr4j.model.graph.DetectionModel;
import dev.detr4j.model.graph.Graph;
import dev.detr4j.model.graph.ModelInput;
import dev.detr4j.model.graph.Value;
import dev.detr4j.plan.ExecutionPlan;
import dev.detr4j.plan.GraphPlan;
import dev.detr4j.plan.Planner;
import dev.detr4j.tensor.Buffer;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** No two values that are alive at once share bytes, in graphs by lot and in those of models. */
class PlannedMemoryTest {
  private static final GoldenSet GOLDEN = GoldenSet.open(Path.of("../../weights/golden"));

  @RepeatedTest(300)
  void randomGraphs(RepetitionInfo repetition) {
    long seed = repetition.getCurrentRepetition();
    Graph graph = RandomGraph.of(seed);
    assertDoesNotThrow(
        () -> {
          checkPlan(graph, Set.of());
          checkPlan(graph, graph.taps().keySet());
        },
        () -> "seed " + seed);
  }

  static Stream<String> models() {
    return GOLDEN.modelPaths("models/").stream();
  }

  @ParameterizedTest
  @MethodSource("models")
  void models(String path) {
    GoldenCase golden = GOLDEN.model(path);
    DetectionModel model = golden.network();
    for (ModelInput input :
        new ModelInput[] {
          ModelParity.modelInput(golden),
          ModelInput.single(256, 320),
          ModelInput.single(800, 1066),
          ModelInput.single(65, 333)
        }) {
      Graph graph = model.graph(FittingSizes.of(model, input));
      checkPlan(graph, Set.of());
      checkPlan(graph, graph.taps().keySet());
    }
  }

  private static void checkPlan(Graph graph, Set<String> taps) {
    Map<String, Value> kept = new LinkedHashMap<>(graph.outputs());
    taps.forEach(tap -> kept.put(tap, graph.taps().get(tap)));
    try (Planned planned = new Planned(graph, taps)) {
      LiveValues.check(graph, planned.bound, kept);
    }
  }

  private static final class Planned implements AutoCloseable {
    private final Backend backend = new PaperBackend();
    private final Queue queue = backend.newQueue();
    private final GraphPlan plan;
    private final ExecutionPlan bound;

    Planned(Graph graph, Set<String> taps) {
      plan = Planner.plan(graph, backend, queue, taps);
      Buffer slab = backend.allocate(plan.slabBytes());
      bound = plan.bind(queue, slab);
    }

    @Override
    public void close() {
      bound.close();
      plan.close();
      queue.close();
      backend.close();
    }
  }
}
