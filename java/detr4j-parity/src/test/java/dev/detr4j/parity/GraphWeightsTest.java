package dev.detr4j.parity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.detr4j.backend.BackendOptions;
import dev.detr4j.backend.BackendProvider;
import dev.detr4j.backend.Queue;
import dev.detr4j.backend.c.CBackendProvider;
import dev.detr4j.backend.host.HostBackend;
import dev.detr4j.backend.vector.VectorBackendProvider;
import dev.detr4j.model.graph.DetectionModel;
import dev.detr4j.model.graph.Graph;
import dev.detr4j.model.graph.ModelInput;
import dev.detr4j.model.graph.Node;
import dev.detr4j.model.graph.Value;
import dev.detr4j.op.LevelShape;
import dev.detr4j.plan.GraphPlan;
import dev.detr4j.plan.Planner;
import dev.detr4j.tensor.Buffer;
import dev.detr4j.tensor.Weight;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The weights of every model of the golden set: the graphs of all its input sizes share them, a
 * backend packs nothing anew for a new size, and each leads back to the checkpoint.
 */
class GraphWeightsTest {
  private static final GoldenSet SET = GoldenSet.open(Path.of("../../weights/golden"));

  /**
   * Heads of decoder layers whose predictions nobody reads, counters of a training, what follows
   * from the number of points, what mmdetection keeps for images, and of RF-DETR and LW-DETR the
   * token of masked patches, the last block and the groups of queries but the first.
   */
  private static final Pattern NOT_COMPUTED =
      Pattern.compile(
          ".*(class_embed|bbox_embed|cls_branches|lqe_layers)\\..*|.*\\.num_(batches_tracked|points_scale)|data_preprocessor\\..*"
              + "|.*\\.mask_token|.*\\.enc_output(_norm)?\\.[1-9]\\d*\\..*"
              + "|model\\.backbone\\.backbone\\.encoder\\.layer\\.(9|11)\\..*");

  static List<String> models() {
    return SET.modelPaths("models/");
  }

  /** The graph of each size may leave weights out, but whatever it has is of the first ones. */
  @ParameterizedTest
  @MethodSource("models")
  void graphsOfAllSizesShareTheirWeights(String path) {
    DetectionModel model = ModelParity.network(SET.model(path));
    Set<Weight> known = new HashSet<>();
    for (ModelInput input : extremes()) {
      known.addAll(model.graph(FittingSizes.of(model, input)).weights().values());
    }
    for (int i = 0; i < 40; i++) {
      ModelInput input = FittingSizes.single(model, 500 + 53 * i % 701, 500 + 37 * i % 601);
      for (Weight weight : model.graph(input).weights().values()) {
        assertTrue(known.contains(weight), () -> input + " has a weight of its own: " + weight);
      }
    }
  }

  /** One of each network, with a backbone of each kind. */
  private static final List<String> PACKED =
      List.of(
          "models/hf_deformable_small_native_resnet",
          "models/birder_boxref",
          "models/hf_detr_r50",
          "models/hf_rtdetr_small_config",
          "models/hf_dfine_nano",
          "models/hf_lwdetr_small",
          "models/hf_rfdetr_small_resampled");

  /** Large and small, padded and not: what decides which way a model or a kernel takes. */
  private static List<ModelInput> extremes() {
    return List.of(
        ModelInput.single(1333, 1333),
        ModelInput.single(800, 1066),
        ModelInput.single(512, 512),
        new ModelInput(800, 1066, List.of(new LevelShape(800, 800), new LevelShape(600, 1066))));
  }

  @ParameterizedTest
  @MethodSource("models")
  void everyWeightLeadsBackToTheCheckpoint(String path) {
    GoldenCase golden = SET.model(path);
    DetectionModel model = ModelParity.network(golden);
    Graph graph = model.graph(FittingSizes.single(model, 800, 1066));
    Set<String> stored = new HashSet<>(golden.checkpoint().names());
    Set<String> reached = new HashSet<>();
    for (Weight origin : graph.origins()) {
      assertTrue(stored.contains(origin.name()), origin.name());
      reached.add(origin.name());
    }
    stored.removeAll(reached);
    stored.removeIf(NOT_COMPUTED.asMatchPredicate());
    assertEquals(Set.of(), stored, "tensors that nothing here follows from");
    for (Node node : graph.nodes()) {
      for (Value weight : node.weights()) {
        assertTrue(graph.weights().containsKey(weight), node::label);
      }
    }
  }

  static Stream<BackendProvider> backends() {
    return Stream.of(new VectorBackendProvider(), new CBackendProvider());
  }

  @ParameterizedTest
  @MethodSource("backends")
  void aBackendPacksNothingForSizesToCome(BackendProvider provider) {
    BackendOptions options = new BackendOptions(2, null, 0);
    assumeAvailable(provider, options);
    for (String path : PACKED) {
      DetectionModel model = ModelParity.network(SET.model(path));
      try (HostBackend backend = (HostBackend) provider.open(options)) {
        for (ModelInput input : List.of(square(96), square(300), square(640))) {
          plan(model, FittingSizes.of(model, input), backend);
        }
        int count = backend.weights().count();
        long bytes = backend.weights().bytes();
        assertTrue(count > 100 && bytes > 1 << 20, count + " weights of " + bytes + " bytes");
        for (int i = 0; i < 20; i++) {
          ModelInput input = FittingSizes.single(model, 300 + 53 * i % 211, 300 + 37 * i % 301);
          plan(model, input, backend);
          assertEquals(count, backend.weights().count(), () -> path + " of " + input);
          assertEquals(bytes, backend.weights().bytes(), () -> path + " of " + input);
        }
      }
    }
  }

  private static void plan(DetectionModel model, ModelInput input, HostBackend backend) {
    try (Queue queue = backend.newQueue();
        GraphPlan plan = Planner.plan(model.graph(input), backend, queue, Set.of());
        Buffer slab = backend.allocate(plan.slabBytes())) {
      plan.bind(queue, slab).close();
    }
  }

  private static ModelInput square(int extent) {
    return ModelInput.single(extent, extent);
  }

  private static void assumeAvailable(BackendProvider provider, BackendOptions options) {
    String reason = provider.unavailable(options);
    boolean required =
        Arrays.asList(System.getProperty("detr4j.test.requireBackends", "").split(",", -1))
            .contains(provider.kind().id());
    assertTrue(reason == null || !required, reason);
    Assumptions.assumeTrue(reason == null, reason);
  }
}
