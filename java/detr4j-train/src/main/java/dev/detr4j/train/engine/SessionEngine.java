package dev.detr4j.train.engine;

import dev.detr4j.backend.host.HostBackend;
import dev.detr4j.evaluation.ScoredBox;
import dev.detr4j.image.Normalisation;
import dev.detr4j.image.PixelSize;
import dev.detr4j.model.family.ModelConfig;
import dev.detr4j.model.family.WeightSource;
import dev.detr4j.model.graph.ModelInput;
import dev.detr4j.model.graph.TrainableModel;
import dev.detr4j.model.graph.TrainableModel.TrainingForm;
import dev.detr4j.op.LevelShape;
import dev.detr4j.train.TrainingException;
import dev.detr4j.train.augment.Batch;
import dev.detr4j.train.data.Dataset;
import dev.detr4j.train.export.NamedWeight;
import dev.detr4j.train.loss.BatchCounts;
import dev.detr4j.train.loss.Criterion;
import dev.detr4j.train.loss.CriterionOptions;
import dev.detr4j.train.loss.LayerOutput;
import dev.detr4j.train.loss.LayerOutput.Stage;
import dev.detr4j.train.loss.LossValues;
import dev.detr4j.train.match.NotFiniteException;
import dev.detr4j.train.match.Targets;
import dev.detr4j.train.recipe.Freezing;
import dev.detr4j.train.recipe.ParameterGroup;
import dev.detr4j.train.recipe.Recipe;
import dev.detr4j.train.run.TrainingEngine;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * A model in training on the graphs of a {@link TrainingSession}: the images of a batch one after
 * the other, losses between the parts of each step, then one update.
 */
public final class SessionEngine implements TrainingEngine {
  private static final String AVERAGE = "average of ";
  private static final String FIRST = "first moment of ";
  private static final String SECOND = "second moment of ";

  /** Detects with given weights; how, the engine leaves to who opens it. */
  @FunctionalInterface
  public interface Detections {
    /**
     * Detects on every image of a set.
     *
     * @param weights as {@link TrainingEngine#exported} gives them
     */
    List<ScoredBox> detect(List<NamedWeight> weights, Dataset dataset, IntConsumer progress);
  }

  private final TrainingSession session;
  private final Recipe recipe;
  private final RateGroups groups;
  private final Criterion criterion;
  private final Normalisation normalisation;
  private final Detections detections;

  private SessionEngine(
      TrainingSession session,
      Recipe recipe,
      RateGroups groups,
      CriterionOptions criterion,
      Normalisation normalisation,
      Detections detections) {
    this.session = session;
    this.recipe = recipe;
    this.groups = groups;
    this.criterion = new Criterion(criterion);
    this.normalisation = normalisation;
    this.detections = detections;
  }

  /**
   * Opens an engine.
   *
   * @param config what the model is
   * @param weights of the starting model; their checkpoint stays open as long as the engine
   * @param backend a backend of the processors that nothing else uses, because it holds the
   *     weights; the caller closes it after the engine
   * @param recipe rates, decay and clipping
   * @param freezing what does not learn, whatever the recipe says
   * @param criterion the losses
   * @param recompute whether layers are computed anew to save memory, see {@link SessionOptions}
   * @param normalisation of the model's pixels
   * @throws dev.detr4j.train.TrainingException when models of the family cannot be trained
   */
  public static SessionEngine open(
      ModelConfig config,
      WeightSource weights,
      HostBackend backend,
      Recipe recipe,
      Freezing freezing,
      CriterionOptions criterion,
      boolean recompute,
      Normalisation normalisation,
      Detections detections) {
    RateGroups groups = new RateGroups(recipe);
    TrainingSession session =
        TrainingSession.open(
            config,
            weights,
            backend,
            new SessionOptions(
                criterion.auxiliary(),
                criterion.encoder(),
                TrainingForm.ORIGINAL,
                freezing,
                recompute,
                recipe.average().kept(),
                groups::of));
    return new SessionEngine(session, recipe, groups, criterion, normalisation, detections);
  }

  /** The parameters of a recipe that share a rate and a decay, as they turn up. */
  private static final class RateGroups {
    private final Recipe recipe;
    private final List<OptimizerSettings.Group> factors = new ArrayList<>();

    RateGroups(Recipe recipe) {
      this.recipe = recipe;
    }

    int of(Parameter parameter) {
      ParameterGroup group = ParameterGroup.of(recipe, List.of(parameter.name())).getFirst();
      OptimizerSettings.Group own =
          new OptimizerSettings.Group(group.factor(), group.weightDecay());
      if (!factors.contains(own)) {
        factors.add(own);
      }
      return factors.indexOf(own);
    }

    List<OptimizerSettings.Group> at(double rate) {
      return factors.stream()
          .map(group -> new OptimizerSettings.Group(rate * group.rate(), group.decay()))
          .toList();
    }
  }

  @Override
  public Outcome step(Batch batch, Settings settings) {
    BatchCounts counts = BatchCounts.of(batch.targets(), session.model().numQueries());
    session.clearGradients();
    @Nullable LossValues total = null;
    for (int i = 0; i < batch.size(); i++) {
      LossValues values = image(batch, i, counts);
      total = total == null ? values : total.plus(values);
    }
    if (total == null) {
      throw new IllegalArgumentException("a batch has at least one image");
    }
    double norm = session.finishGradients();
    if (!Double.isFinite(norm)) {
      throw new NotFiniteException("gradients", -1, "their norm is " + norm);
    }
    session.update(
        OptimizerSettings.of(
            groups.at(settings.rate()), recipe.clipNorm(), settings.averageDecay()),
        norm);
    return new Outcome(total, norm);
  }

  private LossValues image(Batch batch, int index, BatchCounts counts) {
    PixelSize valid = batch.valid(index);
    PlannedStep step =
        session.step(
            new ModelInput(
                batch.canvas().height(),
                batch.canvas().width(),
                List.of(new LevelShape(valid.height(), valid.width()))));
    batch.write(index, normalisation, step.pixels());
    step.forward();
    Targets targets = batch.targets().get(index);
    LossValues values = criterion.compute(layers(step, session.model()), List.of(targets), counts);
    step.backward();
    return values;
  }

  /** What a criterion reads and writes of a step: the last layer first, the proposals last. */
  public static List<LayerOutput> layers(PlannedStep step, TrainableModel model) {
    List<LayerOutput> layers = new ArrayList<>();
    int count = model.decoderLayers();
    for (int i = count - 1; i >= 0; i--) {
      add(
          layers,
          step,
          i == count - 1 ? Stage.LAST : Stage.auxiliary(i),
          TrainableModel.ofLayer(TrainableModel.LOGITS, i, count),
          TrainableModel.ofLayer(TrainableModel.PRED_BOXES, i, count));
    }
    add(layers, step, Stage.ENCODER, TrainableModel.ENCODER_LOGITS, TrainableModel.ENCODER_BOXES);
    return layers;
  }

  private static void add(
      List<LayerOutput> layers, PlannedStep step, Stage stage, String logits, String boxes) {
    if (step.supervised().contains(logits)) {
      layers.add(
          new LayerOutput(
              stage,
              1,
              step.shape(logits).get(1),
              step.shape(logits).get(2),
              step.output(logits),
              step.output(boxes),
              step.gradient(logits),
              step.gradient(boxes)));
    }
  }

  @Override
  public List<ScoredBox> detect(Dataset dataset, IntConsumer progress) {
    return detections.detect(exported(), dataset, progress);
  }

  @Override
  public List<NamedWeight> state() {
    List<NamedWeight> state = new ArrayList<>();
    for (Parameter parameter : session.parameters()) {
      state.add(named("", parameter, parameter.values()));
      if (session.hasAverage()) {
        state.add(named(AVERAGE, parameter, session.average(parameter)));
      }
      state.add(named(FIRST, parameter, session.firstMoment(parameter)));
      state.add(named(SECOND, parameter, session.secondMoment(parameter)));
    }
    return state;
  }

  private static NamedWeight named(String what, Parameter parameter, MemorySegment values) {
    return new NamedWeight(what + parameter.name(), parameter.shape(), values);
  }

  @Override
  public Map<String, Long> tensorSteps() {
    Map<String, Long> steps = new LinkedHashMap<>();
    session.parameters().forEach(each -> steps.put(each.name(), session.steps(each)));
    return steps;
  }

  @Override
  public void restore(List<NamedWeight> state, Map<String, Long> tensorSteps) {
    Map<String, MemorySegment> known = new HashMap<>();
    state.forEach(each -> known.put(each.name(), each.values()));
    for (Parameter parameter : session.parameters()) {
      long bytes = 4 * parameter.shape().elements();
      session.restore(
          parameter,
          stored(known, parameter.name(), bytes),
          stored(known, FIRST + parameter.name(), bytes),
          stored(known, SECOND + parameter.name(), bytes),
          stored(known, (session.hasAverage() ? AVERAGE : "") + parameter.name(), bytes),
          tensorSteps.getOrDefault(parameter.name(), 0L));
    }
    session.restored();
  }

  private static MemorySegment stored(Map<String, MemorySegment> known, String name, long bytes) {
    MemorySegment values = known.get(name);
    if (values == null || values.byteSize() != bytes) {
      throw new TrainingException(
          "the state of the run has %s for \"%s\", expected %d: it is of another model or damaged"
              .formatted(values == null ? "nothing" : values.byteSize() + " bytes", name, bytes));
    }
    return values;
  }

  @Override
  public List<NamedWeight> exported() {
    List<NamedWeight> weights = new ArrayList<>();
    for (Parameter parameter : session.everyParameter()) {
      if (!parameter.changes()) {
        MemorySegment copy = Arena.ofAuto().allocate(4 * parameter.shape().elements(), 64);
        parameter.read(copy);
        weights.add(named("", parameter, copy));
      } else {
        weights.add(named("", parameter, session.average(parameter)));
      }
    }
    return weights;
  }

  @Override
  public long memoryBytes() {
    return session.heldBytes();
  }

  /** What {@link #memoryBytes} will be after a batch of this size. */
  public long memoryBytes(PixelSize canvas) {
    return session.bytes(
        new ModelInput(
            canvas.height(),
            canvas.width(),
            List.of(new LevelShape(canvas.height(), canvas.width()))));
  }

  /** How many numbers learn. */
  public long learningNumbers() {
    return session.parameters().stream().mapToLong(each -> each.shape().elements()).sum();
  }

  @Override
  public void close() {
    session.close();
  }
}
