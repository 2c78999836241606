package dev.detr4j.train.recipe;

/**
 * The decay of the moving average of the weights: after step t, {@code e = d e + (1 - d) w}.
 * Everything that is evaluated and exported is the average, where there is one.
 */
public sealed interface MovingAverage {
  /** The decay d after a step, counted from 1. */
  double decay(long step);

  /** Whether there is an average to keep. */
  default boolean kept() {
    return true;
  }

  /** One decay for all steps. */
  record Constant(double decay) implements MovingAverage {
    @Override
    public String toString() {
      return kept() ? "decay " + decay : "none";
    }

    /** No average: the weights themselves count. */
    public static final Constant NONE = new Constant(0);

    @Override
    public boolean kept() {
      return decay != 0;
    }

    @Override
    public double decay(long step) {
      return decay;
    }
  }

  /**
   * {@code min(most, (1 + t) / (20 + t))}: follows at first, as the default model's training does.
   */
  record Rising(double most) implements MovingAverage {
    @Override
    public String toString() {
      return "decay rising to " + most;
    }

    @Override
    public double decay(long step) {
      return Math.min(most, (1.0 + step) / (20.0 + step));
    }
  }

  /** {@code most (1 - exp(-t / tau))}, RF-DETR's. */
  record Saturating(double most, double tau) implements MovingAverage {
    @Override
    public String toString() {
      return "decay rising to %s with tau %s".formatted(most, tau);
    }

    @Override
    public double decay(long step) {
      return most * (1 - Math.exp(-step / tau));
    }
  }
}
