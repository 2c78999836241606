package dev.detr4j.train.run;

import dev.detr4j.evaluation.BoxEvaluation;
import dev.detr4j.evaluation.ScoredBox;
import dev.detr4j.train.augment.BatchMaker;
import dev.detr4j.train.data.Dataset;
import dev.detr4j.train.data.TrainingImage;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.function.Consumer;

/**
 * Learns two images by heart: the quick proof that model, losses and data fit each other. AP must
 * approach 1; where it does not, a long run would be wasted. Stateless.
 */
public final class OverfitCheck {
  /** Steps that are enough. */
  public static final int STEPS = 100;

  private static final double LEARNED = 0.8;

  private OverfitCheck() {}

  /**
   * What came out.
   *
   * @param firstLoss before the first step
   * @param lastLoss before the last one
   * @param ap on the same images
   */
  public record Result(double firstLoss, double lastLoss, double ap) {
    /** Whether the images were learned. */
    public boolean passed() {
      return ap >= LEARNED;
    }

    /** One line for people. */
    @Override
    public String toString() {
      String what =
          "loss %.3g to %.3g in %d steps, AP %.3f on the two images"
              .formatted(firstLoss, lastLoss, STEPS, ap);
      return passed()
          ? "check: passed: " + what
          : "check: FAILED: "
              + what
              + ", expected at least "
              + LEARNED
              + ": look at first-batch.png; boxes of another unit or order, or too low a rate, are the usual causes";
    }
  }

  /** The two images with the most objects of a few: not more than ten each where there are such. */
  public static Dataset images(Dataset all) {
    List<TrainingImage> order =
        all.images().stream()
            .filter(image -> image.boxes().stream().anyMatch(box -> !box.crowd()))
            .sorted((a, b) -> {
              int first = rank(a.boxes().size());
              int second = rank(b.boxes().size());
              return first != second
                  ? Integer.compare(first, second)
                  : a.name().compareTo(b.name());
            })
            .limit(2)
            .toList();
    return new Dataset(all.description() + ", two images", all.source(), all.classes(), order);
  }

  private static int rank(int boxes) {
    return boxes > 10 ? boxes : 10 - boxes;
  }

  /**
   * Takes the steps and evaluates.
   *
   * @param engine changes; it is of no use for a run afterwards
   * @param batches of the two images, all of them in one batch, best without changes
   * @param rate of every step after a tenth of them
   * @param progress is told a line after each step
   */
  public static Result run(
      TrainingEngine engine,
      BatchMaker batches,
      Dataset images,
      double rate,
      Consumer<String> progress) {
    double first = Double.NaN;
    double last = Double.NaN;
    for (int step = 1; step <= STEPS; step++) {
      try (Arena arena = Arena.ofConfined()) {
        double warm = Math.min(1, step / (0.1 * STEPS));
        TrainingEngine.Outcome outcome =
            engine.step(
                batches.make(step - 1, 0, arena),
                new TrainingEngine.Settings(step, rate * warm, 0));
        last = outcome.losses().total();
        first = step == 1 ? last : first;
        progress.accept("check: step %d/%d  loss %.3g".formatted(step, STEPS, last));
      }
    }
    List<ScoredBox> found = engine.detect(images, _ -> {});
    double ap = BoxEvaluation.of(ValidationSet.annotations(images), found).stats().ap();
    return new Result(first, last, ap);
  }
}
