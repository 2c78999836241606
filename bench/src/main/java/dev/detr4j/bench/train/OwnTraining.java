package dev.detr4j.bench.train;

import dev.detr4j.backend.BackendKind;
import dev.detr4j.backend.BackendSelection;
import dev.detr4j.backend.BackendSettings;
import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.Precision;
import dev.detr4j.backend.host.HostBackend;
import dev.detr4j.bench.peer.Turn;
import dev.detr4j.checkpoint.Checkpoint;
import dev.detr4j.checkpoint.CheckpointWeights;
import dev.detr4j.checkpoint.HuggingFaceDirectory;
import dev.detr4j.model.family.ModelConfig;
import dev.detr4j.model.graph.ModelInput;
import dev.detr4j.model.graph.TrainableModel.TrainingForm;
import dev.detr4j.op.OpSpec;
import dev.detr4j.op.OperationCost;
import dev.detr4j.plan.ExecutionPlan;
import dev.detr4j.tensor.TensorView;
import dev.detr4j.train.engine.OptimizerSettings;
import dev.detr4j.train.engine.PlannedStep;
import dev.detr4j.train.engine.SessionEngine;
import dev.detr4j.train.engine.SessionOptions;
import dev.detr4j.train.engine.TrainingSession;
import dev.detr4j.train.loss.BatchCounts;
import dev.detr4j.train.loss.Criterion;
import dev.detr4j.train.loss.CriterionOptions;
import dev.detr4j.train.match.Targets;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * detr4j's training: a turn is a step, from pixels and boxes in memory to weights that have changed
 * and are packed. The losses are those that transformers computes with {@code auxiliary_loss}.
 */
final class OwnTraining implements Turn, AutoCloseable {
  /** What a step consists of. */
  enum Phase {
    CLEAR,
    FORWARD,
    LOSSES,
    BACKWARD,
    GRADIENTS,
    UPDATE
  }

  private static final double RATE = 1e-5;
  private static final double DECAY = 1e-4;
  private static final double CLIP = 0.1;

  /** The peer keeps no average of the weights either. */
  private static final double NO_AVERAGE = -1;

  private final TrainingCase of;
  private final HostBackend backend;
  private final Checkpoint checkpoint;
  private final TrainingSession session;
  private final Criterion criterion;
  private final List<Targets> targets;
  private final float[] pixels;
  private final Map<Phase, Long> phases = new EnumMap<>(Phase.class);
  private double loss;

  OwnTraining(TrainingCase of, String backendName, int threads) {
    this.of = of;
    BackendSettings settings = BackendSettings.ofProcess();
    backend =
        (HostBackend)
            BackendSelection.open(
                    settings.backend(BackendKind.of(backendName)),
                    settings.options(threads, null, null, Precision.FP32))
                .backend();
    HuggingFaceDirectory directory = HuggingFaceDirectory.open(of.model());
    checkpoint = directory.openCheckpoint();
    ModelConfig config = directory.config();
    boolean softmax = config.numLogits() > config.labels().size();
    CriterionOptions losses =
        softmax ? CriterionOptions.TRANSFORMERS_DETR : CriterionOptions.TRANSFORMERS_DEFORMABLE;
    criterion = new Criterion(losses);
    session =
        TrainingSession.open(
            config,
            new CheckpointWeights(checkpoint, directory.names()),
            backend,
            new SessionOptions(
                losses.auxiliary(),
                losses.encoder(),
                softmax ? TrainingForm.REPEATED_DECODER_NORM : TrainingForm.ORIGINAL,
                of.freezing(),
                false,
                false,
                parameter -> 0));
    targets = of.targets(config.labels().size());
    pixels = of.pixels().channelsLast();
  }

  String name() {
    return "detr4j %s (%s)".formatted(backend.kind().id(), backend.instructionSet());
  }

  /** The loss of the last step, before its update. */
  double loss() {
    return loss;
  }

  /** Nanoseconds of each {@link Phase} of all steps so far. */
  Map<Phase, Long> phases() {
    return new EnumMap<>(phases);
  }

  /** Bytes outside the heap that the session says it holds. */
  long heldBytes() {
    return session.heldBytes();
  }

  /** Nanoseconds of packing the weights that change once more. */
  long packing() {
    long start = System.nanoTime();
    backend.packChanged();
    return System.nanoTime() - start;
  }

  private PlannedStep step() {
    return session.step(ModelInput.single(of.height(), of.width()));
  }

  @Override
  public void run() {
    long at = System.nanoTime();
    session.clearGradients();
    at = took(Phase.CLEAR, at);
    BatchCounts counts = BatchCounts.of(targets, session.model().numQueries());
    PlannedStep step = step();
    double total = 0;
    for (Targets each : targets) {
      at = System.nanoTime();
      MemorySegment.copy(pixels, 0, step.pixels(), ValueLayout.JAVA_FLOAT, 0, pixels.length);
      step.forward();
      at = took(Phase.FORWARD, at);
      total +=
          criterion
              .compute(SessionEngine.layers(step, session.model()), List.of(each), counts)
              .total();
      at = took(Phase.LOSSES, at);
      step.backward();
      at = took(Phase.BACKWARD, at);
    }
    loss = total;
    double norm = session.finishGradients();
    at = took(Phase.GRADIENTS, at);
    session.update(
        OptimizerSettings.of(List.of(new OptimizerSettings.Group(RATE, DECAY)), CLIP, NO_AVERAGE),
        norm);
    took(Phase.UPDATE, at);
  }

  private long took(Phase phase, long since) {
    long now = System.nanoTime();
    phases.merge(phase, now - since, Long::sum);
    return now;
  }

  /** A kind of operation in one part of a step. */
  record Kind(String part, String op) {}

  /** Seconds and GFLOP of all operations of a kind, for one image. */
  record Share(double seconds, double gigaflops) {}

  /**
   * Times each operation of both parts for one image and sums them up by kind; the best of some
   * rounds for each operation.
   *
   * @param each true for a row an operation, false for a row a kind
   */
  Map<Kind, Share> operations(int rounds, boolean each) {
    Map<Kind, Share> shares = new LinkedHashMap<>();
    PlannedStep step = step();
    String part = "forward";
    for (ExecutionPlan plan : step.parts()) {
      List<BoundNode> nodes = plan.nodes();
      long[] best = new long[nodes.size()];
      for (int round = 0; round < rounds; round++) {
        long[] nanos = new long[nodes.size()];
        plan.measure(nanos);
        for (int i = 0; i < best.length; i++) {
          best[i] = round == 0 ? nanos[i] : Math.min(best[i], nanos[i]);
        }
      }
      for (int i = 0; i < best.length; i++) {
        BoundNode node = nodes.get(i);
        OpSpec op = node.op();
        OperationCost cost =
            OperationCost.of(op, node.inputs().stream().map(TensorView::shape).toList());
        String kind = op.getClass().getSimpleName();
        Share share = new Share(best[i] * 1e-9, cost.flops() * 1e-9);
        shares.merge(
            new Kind(part, each ? kind + " " + node.label() : kind),
            share,
            (a, b) -> new Share(a.seconds + b.seconds, a.gigaflops + b.gigaflops));
      }
      part = "backward";
    }
    session.clearGradients();
    return shares;
  }

  /** The shares in words, the longest first, without those below a hundredth of the sum. */
  static List<String> rows(Map<Kind, Share> shares) {
    double sum = shares.values().stream().mapToDouble(Share::seconds).sum();
    List<String> rows = new ArrayList<>();
    shares.entrySet().stream()
        .sorted((a, b) -> Double.compare(b.getValue().seconds, a.getValue().seconds))
        .filter(entry -> entry.getValue().seconds > 0.01 * sum)
        .forEach(entry ->
            rows.add(
                String.format(
                    Locale.ROOT,
                    "| %s | %s | %.1f | %.0f %% | %.0f |",
                    entry.getKey().part,
                    entry.getKey().op,
                    1e3 * entry.getValue().seconds,
                    100 * entry.getValue().seconds / sum,
                    entry.getValue().gigaflops / entry.getValue().seconds)));
    return rows;
  }

  @Override
  public void close() {
    session.close();
    backend.close();
    checkpoint.close();
  }
}
