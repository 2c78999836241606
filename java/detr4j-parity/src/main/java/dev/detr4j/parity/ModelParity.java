package dev.detr4j.parity;

import dev.detr4j.backend.Backend;
import dev.detr4j.backend.Queue;
import dev.detr4j.checkpoint.CheckpointWeights;
import dev.detr4j.error.CheckpointException;
import dev.detr4j.model.description.ModelSource;
import dev.detr4j.model.family.ModelConfig;
import dev.detr4j.model.family.RecognisedModel;
import dev.detr4j.model.graph.DetectionModel;
import dev.detr4j.model.graph.Graph;
import dev.detr4j.model.graph.ModelInput;
import dev.detr4j.op.LevelShape;
import dev.detr4j.plan.ExecutionPlan;
import dev.detr4j.plan.GraphPlan;
import dev.detr4j.plan.Planner;
import dev.detr4j.tensor.Buffer;
import dev.detr4j.tensor.Shape;
import dev.detr4j.tensor.TensorView;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A model of a golden set: every stored stage, in the order of the computation, then logits and
 * boxes.
 */
final class ModelParity implements ParityCase.OnBackend {
  /** As large as a batch of 16 images of 2048 x 2048: what a manifest may ask for. */
  private static final long MOST_INPUT_ELEMENTS = 3L << 26;

  /** Stages of three axes that count tokens, not queries. */
  private static final Set<String> NOT_BY_QUERY = Set.of("memory", "embeddings");

  private final GoldenSet set;
  private final String path;

  ModelParity(GoldenSet set, String path) {
    this.set = set;
    this.path = path;
  }

  @Override
  public String path() {
    return path;
  }

  @Override
  public List<StageResult> run(Backend backend) {
    GoldenCase golden = set.model(path);
    Shape input = checkedInput(golden);
    CaseModel read = model(golden);
    Graph graph = read.network().graph(modelInput(golden));
    CaseModel model = read.counting(graph);
    Set<String> taps = taps(golden, model, graph);
    try (Queue queue = backend.newQueue();
        GraphPlan planned = Planner.plan(graph, backend, queue, taps);
        Buffer slab = backend.allocate(planned.slabBytes());
        ExecutionPlan plan = planned.bind(queue, slab);
        Arena arena = Arena.ofConfined()) {
      load(golden, input, queue, plan.input(DetectionModel.PIXEL_VALUES));
      plan.submit();
      return compare(golden, model, queue, plan, arena);
    }
  }

  private Shape checkedInput(GoldenCase golden) {
    Shape input = golden.inputShape();
    long elements = 1;
    for (int extent : input.toArray()) {
      elements = elements > MOST_INPUT_ELEMENTS ? elements : elements * extent;
    }
    if (input.get(1) != 3 || elements > MOST_INPUT_ELEMENTS) {
      throw golden
          .manifest()
          .object("input")
          .wrong(
              "shape is "
                  + input
                  + ", expected [batch, 3, height, width] of at most "
                  + MOST_INPUT_ELEMENTS
                  + " elements");
    }
    return input;
  }

  /**
   * The model of a case.
   *
   * @param neckTaps the stage of the backbone behind each tap {@code backbone.i} of the case,
   *     counted from 1, where the case counts the maps that the neck takes and the network all
   *     stages; empty where both count alike
   */
  private record CaseModel(DetectionModel network, List<Integer> neckTaps) {
    private static final Pattern BACKBONE = Pattern.compile("backbone\\.(\\d{1,3})");

    /** The same, without the stages of the backbone where the graph counts as the case does. */
    CaseModel counting(Graph graph) {
      long inGraph = graph.taps().keySet().stream().filter(BACKBONE.asMatchPredicate()).count();
      return inGraph == neckTaps.size() ? new CaseModel(network, List.of()) : this;
    }

    /** What the graph calls a stage of the case. */
    String inGraph(String stage) {
      Matcher tap = BACKBONE.matcher(stage);
      if (neckTaps.isEmpty() || !tap.matches()) {
        return stage;
      }
      int map = Integer.parseInt(tap.group(1));
      return map < neckTaps.size() ? "backbone." + (neckTaps.get(map) - 1) : stage + " of the neck";
    }
  }

  /** The network of a case. */
  static DetectionModel network(GoldenCase golden) {
    return model(golden).network();
  }

  /** Hugging Face models come with a configuration, those of the other projects are recognised. */
  private static CaseModel model(GoldenCase golden) {
    FormulaCheckpoint checkpoint = golden.checkpoint();
    if (!golden.source().equals(ModelSource.HUGGING_FACE.id())) {
      RecognisedModel found = CaseOptions.recognise(golden);
      return new CaseModel(
          model(found.config(), CheckpointWeights.of(checkpoint, found)),
          found.config().backbone().taps());
    }
    ModelConfig config =
        golden
            .config()
            .orElseThrow(() ->
                new CheckpointException(
                    "golden case %s: there is no config.json".formatted(golden.path())));
    return new CaseModel(
        model(config, new CheckpointWeights(checkpoint, config.family().huggingFaceNames(config))),
        List.of());
  }

  private static DetectionModel model(ModelConfig config, CheckpointWeights weights) {
    DetectionModel model = config.network(weights);
    weights.finish();
    return model;
  }

  static ModelInput modelInput(GoldenCase golden) {
    List<LevelShape> valid = new ArrayList<>();
    for (GoldenCase.Extent image : golden.valid()) {
      valid.add(new LevelShape(image.height(), image.width()));
    }
    return new ModelInput(golden.inputShape().get(2), golden.inputShape().get(3), valid);
  }

  private Set<String> taps(GoldenCase golden, CaseModel model, Graph graph) {
    Set<String> taps = new LinkedHashSet<>();
    for (ExpectedTensor stage : golden.expected()) {
      String name = model.inGraph(stage.name());
      if (!graph.outputs().containsKey(name)) {
        taps.add(checkedTap(stage.name(), name, graph));
      }
    }
    if (!golden.proposalIndex().isEmpty()) {
      taps.add(checkedTap("proposal_index", "proposal_index", graph));
    }
    return taps;
  }

  private String checkedTap(String stage, String name, Graph graph) {
    if (!graph.taps().containsKey(name)) {
      throw new CheckpointException(
          "golden case %s: stage %s is stored, this model has %s"
              .formatted(path, stage, graph.taps().keySet()));
    }
    return name;
  }

  /** The stored formula gives NCHW, the network takes NHWC. */
  private static void load(GoldenCase golden, Shape input, Queue queue, TensorView place) {
    int channels = input.get(1);
    int pixels = input.get(2) * input.get(3);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment planes = arena.allocate(4 * input.elements(), 64);
      golden.fillInput(planes);
      MemorySegment item = arena.allocate(4L * channels * pixels, 64);
      for (int image = 0; image < input.get(0); image++) {
        for (int c = 0; c < channels; c++) {
          long plane = ((long) image * channels + c) * pixels;
          for (int p = 0; p < pixels; p++) {
            item.setAtIndex(
                ValueLayout.JAVA_FLOAT,
                (long) p * channels + c,
                planes.getAtIndex(ValueLayout.JAVA_FLOAT, plane + p));
          }
        }
        queue.upload(
            item,
            0,
            place.buffer(),
            place.offset() + 4L * image * place.batchStride(),
            item.byteSize());
      }
    }
  }

  private List<StageResult> compare(
      GoldenCase golden, CaseModel model, Queue queue, ExecutionPlan plan, Arena arena) {
    List<StageResult> results = new ArrayList<>();
    ProposalOrder order = null;
    for (ExpectedTensor stage : golden.expected()) {
      boolean byQuery = stage.fullShape().rank() == 3 && !NOT_BY_QUERY.contains(stage.name());
      if (byQuery && order == null && !golden.proposalIndex().isEmpty()) {
        order = proposalOrder(golden, queue, plan, stage.fullShape(), arena);
        results.add(order.result());
      }
      BackendTensor actual =
          BackendTensor.download(
              queue,
              stage.name(),
              plan.output(model.inGraph(stage.name())),
              stage.fullShape(),
              arena);
      ExpectedTensor.Deviation worst =
          stage.compare(byQuery && order != null ? order.align(actual, stage.fullShape()) : actual);
      String note =
          worst.flatIndex() < 0
              ? "nothing was compared"
              : worst.passes()
                  ? ""
                  : "element %d is %s, stored %s"
                      .formatted(worst.flatIndex(), worst.actual(), worst.expected());
      results.add(
          new StageResult(
              stage.name(),
              worst.flatIndex() < 0 ? Double.NaN : worst.maxAbsError(),
              stage.tolerance(),
              note));
    }
    return results;
  }

  private ProposalOrder proposalOrder(
      GoldenCase golden, Queue queue, ExecutionPlan plan, Shape byQuery, Arena arena) {
    int batch = byQuery.get(0);
    int queries = byQuery.get(1);
    if (golden.proposalIndex().size() != (long) batch * queries) {
      throw new CheckpointException(
          "golden case %s: proposal_index has %d entries, expected %d x %d"
              .formatted(path, golden.proposalIndex().size(), batch, queries));
    }
    TensorView view = plan.output("proposal_index");
    BackendTensor actual =
        BackendTensor.download(queue, "proposal_index", view, view.shape(), arena);
    boolean perRow = view.shape().rank() == 3;
    int[] tokens = new int[batch * queries];
    for (int i = 0; i < tokens.length; i++) {
      int query = i % queries;
      tokens[i] = actual.integer(i / queries, perRow ? query : 0, perRow ? 0 : query);
    }
    return ProposalOrder.of(golden.proposalIndex(), tokens, queries);
  }
}
