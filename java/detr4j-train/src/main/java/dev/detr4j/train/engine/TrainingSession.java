package dev.detr4j.train.engine;

import dev.detr4j.backend.Queue;
import dev.detr4j.backend.host.HostBackend;
import dev.detr4j.model.family.ModelConfig;
import dev.detr4j.model.family.WeightSource;
import dev.detr4j.model.gradient.TrainingGraph;
import dev.detr4j.model.gradient.WeightRuleGradients;
import dev.detr4j.model.graph.DerivedWeight;
import dev.detr4j.model.graph.DetectionModel;
import dev.detr4j.model.graph.Graph;
import dev.detr4j.model.graph.ModelInput;
import dev.detr4j.model.graph.Node;
import dev.detr4j.model.graph.TrainableModel;
import dev.detr4j.plan.GraphPlan;
import dev.detr4j.plan.Planner;
import dev.detr4j.tensor.Buffer;
import dev.detr4j.tensor.Weight;
import dev.detr4j.train.TrainingException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A model that learns on one backend: parameters, the sums of their gradients, a plan for each
 * input size, and the optimizer.
 *
 * <pre>{@code
 * session.clearGradients();
 * for (each image of the batch) {
 *   PlannedStep step = session.step(input);
 *   // fill step.pixels()
 *   step.forward();
 *   // losses: read step.output(name), write step.gradient(name)
 *   step.backward();
 * }
 * double norm = session.finishGradients();
 * session.update(settings, norm);
 * }</pre>
 *
 * <p>The images of a batch pass one after the other through the memory of one: nothing in these
 * models looks across images, so only the order of additions differs from a joint batch. One thread
 * at a time. The same weights, images, backend and number of threads give the same bits.
 */
public final class TrainingSession implements AutoCloseable {
  /** Any size that every model takes; a graph costs nothing. */
  private static final int PROBE = 512;

  private static final int CACHED_SIZES = 8;

  private static final Pattern SEGMENT =
      Pattern.compile("(encoder\\.\\d+|backbone\\.(?:layer|stage)\\d+\\.\\d+)\\..*");

  private final HostBackend backend;
  private final Queue queue;
  private final TrainableModel model;
  private final SessionOptions options;
  private final List<Parameter> every;
  private final List<Parameter> learning;
  private final ParameterMemory memory;
  private final AdamW optimizer;
  private final Map<ModelInput, PlannedStep> steps = new LinkedHashMap<>(16, 0.75f, true);
  private @Nullable Buffer slab;

  private TrainingSession(
      HostBackend backend,
      TrainableModel model,
      SessionOptions options,
      List<Parameter> every,
      List<Parameter> learning) {
    this.every = every;
    this.backend = backend;
    this.model = model;
    this.options = options;
    this.learning = learning;
    memory = new ParameterMemory(backend, learning, options.average());
    optimizer = new AdamW(memory, backend.workers(), learning, options.group());
    queue = backend.newQueue();
  }

  /**
   * Opens a session.
   *
   * @param config what the model is
   * @param weights of the starting model; their checkpoint stays open as long as the session
   * @param backend a backend of the processors that nothing else uses, because it holds the
   *     weights; the caller closes it after the session
   * @throws TrainingException when models of the family cannot be trained
   */
  public static TrainingSession open(
      ModelConfig config, WeightSource weights, HostBackend backend, SessionOptions options) {
    ParameterSource source = new ParameterSource(weights);
    DetectionModel network = config.network(source);
    source.finish();
    if (!(network instanceof TrainableModel model)) {
      throw new TrainingException(
          config.architecture() + " cannot be trained yet; DETR and Deformable DETR can");
    }
    Graph graph = model.trainingGraph(ModelInput.single(PROBE, PROBE), options.form());
    Set<Weight> reached = new LinkedHashSet<>();
    try {
      graph.weights().values().forEach(weight -> addLearning(weight, reached));
    } catch (IllegalArgumentException e) {
      throw new TrainingException(String.valueOf(e.getMessage()));
    }
    List<Parameter> learning =
        source.parameters().stream()
            .filter(reached::contains)
            .filter(parameter -> options.freezing().trains(parameter.name()))
            .toList();
    return new TrainingSession(backend, model, options, List.copyOf(source.parameters()), learning);
  }

  private static void addLearning(Weight weight, Set<Weight> to) {
    if (weight instanceof DerivedWeight derived) {
      WeightRuleGradients.learningSources(derived).forEach(source -> addLearning(source, to));
    } else {
      to.add(weight);
    }
  }

  /** The parameters that learn, in the order of the model. */
  public List<Parameter> parameters() {
    return learning;
  }

  /** All tensors of the checkpoint that the model asked for, frozen ones too. */
  public List<Parameter> everyParameter() {
    return every;
  }

  /** Bytes outside the heap that the session holds so far, packed weights included. */
  public long heldBytes() {
    Buffer maps = slab;
    return memory.bytes()
        + (maps == null ? 0 : maps.byteSize())
        + queue.bytes()
        + backend.weightBytes();
  }

  /** The model. */
  public TrainableModel model() {
    return model;
  }

  /** Names of the outputs that are supervised. */
  public Set<String> supervised() {
    Set<String> names = new LinkedHashSet<>();
    int layers = model.decoderLayers();
    for (int i = options.auxiliary() ? 0 : layers - 1; i < layers; i++) {
      names.add(TrainableModel.ofLayer(DetectionModel.LOGITS, i, layers));
      names.add(TrainableModel.ofLayer(DetectionModel.PRED_BOXES, i, layers));
    }
    if (options.encoder() && model.twoStage()) {
      names.add(TrainableModel.ENCODER_LOGITS);
      names.add(TrainableModel.ENCODER_BOXES);
    }
    return names;
  }

  private TrainingGraph graph(ModelInput input) {
    return TrainingGraph.of(
        model.trainingGraph(input, options.form()),
        supervised(),
        memory,
        Set.of(),
        options.recompute() ? TrainingSession::segment : node -> null);
  }

  private static @Nullable String segment(Node node) {
    Matcher matcher = SEGMENT.matcher(node.label());
    return matcher.matches() ? matcher.group(1) : null;
  }

  /**
   * The plan for one image of a size; a new size is planned, the least recent of many is dropped.
   *
   * @param input of one image, which may be padded
   */
  public PlannedStep step(ModelInput input) {
    if (input.batch() != 1) {
      throw new IllegalArgumentException("a step takes one image, got " + input.batch());
    }
    PlannedStep known = steps.get(input);
    if (known != null) {
      return known;
    }
    TrainingGraph graph = graph(input);
    GraphPlan plan = Planner.plan(graph.graph(), backend, queue, Set.of());
    try {
      Buffer place = slab(plan.slabBytes());
      PlannedStep step = new PlannedStep(plan, graph, queue, place, supervised());
      steps.put(input, step);
      if (steps.size() > CACHED_SIZES) {
        ModelInput oldest = steps.keySet().iterator().next();
        PlannedStep dropped = steps.remove(oldest);
        if (dropped != null) {
          dropped.close();
        }
      }
      return step;
    } catch (Throwable e) {
      plan.close();
      throw e;
    }
  }

  /** The memory of feature maps; where it must grow, the plans that knew the old one go. */
  private Buffer slab(long bytes) {
    Buffer known = slab;
    if (known != null && known.byteSize() >= bytes) {
      return known;
    }
    steps.values().forEach(PlannedStep::close);
    steps.clear();
    if (known != null) {
      slab = null;
      known.close();
    }
    Buffer grown = backend.allocate(bytes);
    slab = grown;
    return grown;
  }

  /**
   * Bytes that the session will hold when it has taken images of this size: values, gradients,
   * moments and average of the parameters, feature maps of one image, and packed weights. Plans a
   * step, and allocates no maps.
   */
  public long bytes(ModelInput input) {
    try (GraphPlan plan = Planner.plan(graph(input).graph(), backend, queue, Set.of())) {
      Buffer maps = slab;
      long present = maps == null ? 0 : maps.byteSize();
      return heldBytes() - present + Math.max(present, plan.slabBytes());
    }
  }

  /** Begins a batch. */
  public void clearGradients() {
    memory.clearSums();
  }

  /**
   * Ends a batch: completes the gradients.
   *
   * @return the L2 norm of all of them, before clipping; not finite where one of them is not
   */
  public double finishGradients() {
    memory.passOn();
    return optimizer.norm();
  }

  /**
   * Changes the weights, and packs them for the steps to come.
   *
   * @param norm what {@link #finishGradients} returned
   */
  public void update(OptimizerSettings settings, double norm) {
    optimizer.step(settings, norm);
    backend.packChanged();
  }

  /** Whether a gradient reaches a parameter: where none does, the optimizer leaves it alone. */
  public boolean hasGradient(Parameter parameter) {
    return memory.isReached(parameter);
  }

  /** The gradient of a parameter after {@link #finishGradients}. */
  public MemorySegment gradient(Parameter parameter) {
    return slice(memory.gradients(), parameter);
  }

  /** Whether a moving average is kept. */
  public boolean hasAverage() {
    return memory.hasAverage();
  }

  /** The moving average of a parameter; its values where none is kept. */
  public MemorySegment average(Parameter parameter) {
    return slice(memory.averages(), parameter);
  }

  /** The first moment of a parameter. */
  public MemorySegment firstMoment(Parameter parameter) {
    return slice(memory.firstMoments(), parameter);
  }

  /** The second moment of a parameter. */
  public MemorySegment secondMoment(Parameter parameter) {
    return slice(memory.secondMoments(), parameter);
  }

  /** Steps that the optimizer made of a parameter. */
  public long steps(Parameter parameter) {
    return optimizer.steps()[learning.indexOf(parameter)];
  }

  /**
   * Puts the state of a parameter back, as a resumed run does; {@link #restored} follows the last.
   *
   * @param average the moving average, or the values where none is kept
   * @param steps that the optimizer had made of it
   */
  public void restore(
      Parameter parameter,
      MemorySegment values,
      MemorySegment first,
      MemorySegment second,
      MemorySegment average,
      long steps) {
    parameter.values().copyFrom(values);
    firstMoment(parameter).copyFrom(first);
    secondMoment(parameter).copyFrom(second);
    average(parameter).copyFrom(average);
    optimizer.steps()[learning.indexOf(parameter)] = steps;
  }

  /** Packs restored weights. */
  public void restored() {
    backend.packChanged();
  }

  private MemorySegment slice(MemorySegment all, Parameter parameter) {
    return all.asSlice(memory.place(parameter), 4 * parameter.shape().elements());
  }

  @Override
  public void close() {
    List<PlannedStep> open = new ArrayList<>(steps.values());
    steps.clear();
    open.forEach(PlannedStep::close);
    Buffer maps = slab;
    if (maps != null) {
      maps.close();
      slab = null;
    }
    queue.close();
    memory.close();
  }
}
