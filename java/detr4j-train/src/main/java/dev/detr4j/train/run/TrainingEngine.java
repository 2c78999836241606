package dev.detr4j.train.run;

import dev.detr4j.evaluation.ScoredBox;
import dev.detr4j.train.augment.Batch;
import dev.detr4j.train.data.Dataset;
import dev.detr4j.train.export.NamedWeight;
import dev.detr4j.train.loss.LossValues;
import java.util.List;
import java.util.Map;
import java.util.function.IntConsumer;

/**
 * What a run needs of a model in training: steps, detections and its whole state. One caller at a
 * time.
 *
 * <p>A step is a function of the state, the batch and the settings: the same again gives the same
 * bits, with the same threads and backend.
 */
public interface TrainingEngine extends AutoCloseable {
  /**
   * What the schedules say of one step.
   *
   * @param step counted from 1
   * @param rate of tensors that no rule of the recipe names
   * @param averageDecay of the moving average after the step
   */
  record Settings(long step, double rate, double averageDecay) {}

  /**
   * What a step did.
   *
   * @param losses of the batch, before the step
   * @param gradientNorm of all gradients together, before clipping
   */
  record Outcome(LossValues losses, double gradientNorm) {}

  /**
   * Takes one optimizer step.
   *
   * @throws dev.detr4j.train.match.NotFiniteException when predictions, losses or gradients are not
   *     finite; weights and moments are then as they were before
   */
  Outcome step(Batch batch, Settings settings);

  /**
   * Detects on every image of a set with the averaged weights, where there is an average. Ids are
   * those of {@link ValidationSet}.
   *
   * @param progress is told how many images are done
   */
  List<ScoredBox> detect(Dataset dataset, IntConsumer progress);

  /**
   * Everything that steps change: weights, averages and moments, under names that {@link #restore}
   * knows. The memory is the engine's and valid until the next step.
   */
  List<NamedWeight> state();

  /** How many steps each trained tensor has had: one without a gradient has none. */
  Map<String, Long> tensorSteps();

  /** Puts a state back. The memory is the caller's. */
  void restore(List<NamedWeight> state, Map<String, Long> tensorSteps);

  /** The weights to export: the averaged ones where there are any, with the names of files. */
  List<NamedWeight> exported();

  /** Bytes of memory outside the heap that the engine holds. */
  long memoryBytes();

  @Override
  void close();
}
