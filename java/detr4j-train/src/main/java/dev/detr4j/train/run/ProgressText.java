package dev.detr4j.train.run;

import java.util.Locale;

/** How a run goes, in one line. Keeps a smoothed loss and the time of a step. Not thread-safe. */
final class ProgressText {
  private final long steps;
  private final int epochs;
  private double loss = Double.NaN;
  private double secondsAStep = Double.NaN;

  ProgressText(long steps, int epochs) {
    this.steps = steps;
    this.epochs = epochs;
  }

  /**
   * The line after a step, as in {@code epoch 3/50 step 120/600 loss 7.81 rate 4.0e-04 1:23 left}.
   */
  String after(long step, int epoch, double stepLoss, double rate, double seconds) {
    loss = Double.isNaN(loss) ? stepLoss : 0.95 * loss + 0.05 * stepLoss;
    secondsAStep = Double.isNaN(secondsAStep) ? seconds : 0.9 * secondsAStep + 0.1 * seconds;
    return String.format(
        Locale.ROOT,
        "epoch %d/%d  step %d/%d  loss %.3g  rate %.1e  %s left",
        epoch + 1,
        epochs,
        step,
        steps,
        loss,
        rate,
        duration(secondsAStep * (steps - step)));
  }

  private static String duration(double seconds) {
    long whole = Math.round(seconds);
    return whole < 3600
        ? String.format(Locale.ROOT, "%d:%02d", whole / 60, whole % 60)
        : String.format(Locale.ROOT, "%d:%02d:%02d", whole / 3600, whole / 60 % 60, whole % 60);
  }
}
