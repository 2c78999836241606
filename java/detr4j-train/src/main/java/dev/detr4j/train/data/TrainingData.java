package dev.detr4j.train.data;

import dev.detr4j.train.fault.Fault;
import dev.detr4j.train.fault.Findings;
import dev.detr4j.train.random.CounterRandom;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;

/** What is trained on and what is validated on, with one list of classes. */
public record TrainingData(Dataset train, Dataset validation) {
  /** The key of the random numbers that choose images for validation. */
  private static final long CHOICE = 0x7661_6c69_6461_7465L;

  /** Puts two splits together; the labels of the second become those of the first. */
  static TrainingData of(Dataset train, Dataset validation, Findings findings) {
    return new TrainingData(train, validation.withClasses(train.classes(), findings));
  }

  /**
   * Splits images off for validation. Which ones depends on the seed and their names alone.
   *
   * @param share of the images, 0 to 1; at least one image where it is above 0
   */
  static TrainingData split(Dataset all, double share, long seed, Findings findings) {
    int count = share <= 0 ? 0 : (int) Math.max(1, Math.rint(share * all.images().size()));
    List<TrainingImage> shuffled = new ArrayList<>(all.images());
    shuffled.sort(
        Comparator.comparingLong((TrainingImage image) ->
                CounterRandom.at(seed, CHOICE, CounterRandom.key(image.name())))
            .thenComparing(TrainingImage::name));
    List<TrainingImage> chosen = shuffled.subList(0, Math.min(count, shuffled.size()));
    Set<TrainingImage> validation = Collections.newSetFromMap(new IdentityHashMap<>());
    validation.addAll(chosen);
    if (chosen.isEmpty()) {
      findings.add(Fault.NO_VALIDATION);
    }
    return new TrainingData(
        all.part(
            "without those of validation",
            all.images().stream().filter(image -> !validation.contains(image)).toList()),
        all.part(
            "split off for validation",
            all.images().stream().filter(validation::contains).toList()));
  }
}
