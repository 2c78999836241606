package dev.detr4j.train.run;

import dev.detr4j.evaluation.ScoredBox;
import dev.detr4j.tensor.Shape;
import dev.detr4j.train.augment.Batch;
import dev.detr4j.train.data.Dataset;
import dev.detr4j.train.data.LabelledBox;
import dev.detr4j.train.export.NamedWeight;
import dev.detr4j.train.loss.LayerLosses;
import dev.detr4j.train.loss.LayerOutput.Stage;
import dev.detr4j.train.loss.LossValues;
import dev.detr4j.train.match.NotFiniteException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.IntConsumer;

/**
 * Eight weights that follow the mean colour of the batches by AdamW, with an average: everything
 * that a run has to keep, and nothing else. Its boxes are right as far as its first weight is.
 */
final class TinyEngine implements TrainingEngine {
  private static final int SIZE = 8;

  private final Arena arena = Arena.ofConfined();
  private final Map<String, MemorySegment> tensors = new HashMap<>();
  private long steps;

  /** Steps at which the process is killed, and those whose loss is not finite. */
  private final Set<Long> killedAt;

  private final Set<Long> notFiniteAt;
  int detected;

  /** What happens in the middle of a detection. */
  Runnable whileDetecting = () -> {};

  TinyEngine(Set<Long> killedAt, Set<Long> notFiniteAt) {
    this.killedAt = new HashSet<>(killedAt);
    this.notFiniteAt = notFiniteAt;
    for (String name : List.of("weight/w", "average/w", "moment1/w", "moment2/w")) {
      tensors.put(name, arena.allocate(4 * SIZE));
    }
  }

  /** As if the process had ended. */
  static final class Killed extends Error {
    private static final long serialVersionUID = 1L;
  }

  private float get(String name, int i) {
    return tensors.get(name).getAtIndex(ValueLayout.JAVA_FLOAT, i);
  }

  private void set(String name, int i, double value) {
    tensors.get(name).setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) value);
  }

  @Override
  public Outcome step(Batch batch, Settings settings) {
    if (killedAt.remove(settings.step())) {
      throw new Killed();
    }
    if (notFiniteAt.contains(settings.step())) {
      throw new NotFiniteException("last decoder layer", 0, "the class loss is NaN");
    }
    steps++;
    double loss = 0;
    for (int i = 0; i < SIZE; i++) {
      MemorySegment pixels = batch.scenes().get(i % batch.size()).pixels().pixels();
      double wanted = 0.5 + (pixels.get(ValueLayout.JAVA_BYTE, i) & 0xff) / 510.0;
      double gradient = get("weight/w", i) - wanted;
      loss += gradient * gradient;
      set("moment1/w", i, 0.9 * get("moment1/w", i) + 0.1 * gradient);
      set("moment2/w", i, 0.999 * get("moment2/w", i) + 0.001 * gradient * gradient);
      double first = get("moment1/w", i) / (1 - Math.pow(0.9, (double) steps));
      double second = get("moment2/w", i) / (1 - Math.pow(0.999, (double) steps));
      double weight = get("weight/w", i) * (1 - settings.rate() * 1e-4);
      set("weight/w", i, weight - settings.rate() * first / (Math.sqrt(second) + 1e-8));
      double decay = settings.averageDecay();
      set("average/w", i, decay * get("average/w", i) + (1 - decay) * get("weight/w", i));
    }
    LayerLosses layer = new LayerLosses(Stage.LAST, loss, 0, 0, Double.NaN, 1, 1);
    return new Outcome(new LossValues(loss, List.of(layer)), Math.sqrt(loss));
  }

  @Override
  public List<ScoredBox> detect(Dataset dataset, IntConsumer progress) {
    detected++;
    whileDetecting.run();
    List<ScoredBox> found = new ArrayList<>();
    double right = Math.clamp(get("average/w", 0), 0.05, 1.0);
    for (int i = 0; i < dataset.images().size(); i++) {
      for (LabelledBox box : dataset.images().get(i).boxes()) {
        found.add(
            ValidationSet.found(
                i, box.label(), box.x(), box.y(), box.width() * right, box.height(), right));
      }
      progress.accept(i + 1);
    }
    return found;
  }

  @Override
  public List<NamedWeight> state() {
    return tensors.entrySet().stream()
        .sorted(Map.Entry.comparingByKey())
        .map(each -> new NamedWeight(each.getKey(), Shape.of(SIZE), each.getValue()))
        .toList();
  }

  @Override
  public Map<String, Long> tensorSteps() {
    return Map.of("w", steps);
  }

  @Override
  public void restore(List<NamedWeight> state, Map<String, Long> tensorSteps) {
    state.forEach(each -> tensors.get(each.name()).copyFrom(each.values()));
    steps = tensorSteps.get("w");
  }

  @Override
  public List<NamedWeight> exported() {
    return List.of(new NamedWeight("w", Shape.of(SIZE), tensors.get("average/w")));
  }

  @Override
  public long memoryBytes() {
    return 4L * 4 * SIZE;
  }

  @Override
  public void close() {
    arena.close();
  }
}
