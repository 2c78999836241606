package dev.detr4j.train.recipe;

/** What the learning rate of a step is multiplied by. A function of the step alone. */
public sealed interface Schedule {
  /**
   * The factor of one step.
   *
   * @param step counted from 1
   * @param steps of the whole run
   */
  double factor(long step, long steps);

  /**
   * Full rate, then a tenth: the steps of DETR (200 of 300 epochs), Deformable DETR and mmdetection
   * (40 of 50) and detrex (300,000 of 375,000 iterations). A shorter run drops at the same share.
   *
   * @param before the share of the run before the drop, as {@code before / of}
   */
  record Drop(int before, int of, double factor) implements Schedule {
    @Override
    public String toString() {
      return "full, then x %s after %d of %d".formatted(factor, before, of);
    }

    @Override
    public double factor(long step, long steps) {
      return (step - 1) * of >= steps * before ? factor : 1;
    }
  }

  /**
   * transformers' linear schedule: from 0 to the full rate in the warm-up, then to 0. Without
   * warm-up the first step has the full rate.
   */
  record Linear(int warmUp) implements Schedule {
    @Override
    public String toString() {
      return "linear to 0, %d steps of warm-up".formatted(warmUp);
    }

    @Override
    public double factor(long step, long steps) {
      long done = step - 1;
      return done < warmUp
          ? (double) done / warmUp
          : Math.max(0, (double) (steps - done) / Math.max(1, steps - warmUp));
    }
  }

  /**
   * For short fine-tuning: a warm-up whose first step already counts, the full rate, and a straight
   * fall over the last part of the run to a rest of the rate.
   *
   * @param share of the run that falls, 0 to 1
   * @param floor the least factor of the fall
   */
  record Falling(int warmUp, double share, double floor) implements Schedule {
    @Override
    public String toString() {
      return "%d steps of warm-up, full, falling to x %s over the last %.3f"
          .formatted(warmUp, floor, share);
    }

    @Override
    public double factor(long step, long steps) {
      double rise = warmUp == 0 ? 1 : Math.min(1, (double) step / warmUp);
      return rise * Math.min(1, Math.max(floor, (steps - step) / (share * steps)));
    }
  }
}
