package dev.detr4j.session;

import dev.detr4j.backend.Queue;
import dev.detr4j.plan.ExecutionPlan;
import dev.detr4j.plan.FirstNotFinite;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Warns when a network's output is not finite, so that a broken checkpoint does not look like an
 * empty picture; {@code DetectorBuilder.warnings} is the contract. One of each session.
 */
public final class OutputCheck {
  private final @Nullable Consumer<String> receiver;
  private @Nullable String known;

  /**
   * A check.
   *
   * @param receiver takes every warning; null for the log, which takes the first
   */
  public OutputCheck(@Nullable Consumer<String> receiver) {
    this.receiver = receiver;
  }

  /**
   * Warns; where this session has not found the step yet, that takes many times as long as a call.
   *
   * @param queue what the plan runs on
   * @param plan with its inputs filled anew
   */
  public void warn(Queue queue, ExecutionPlan plan) {
    String text = known;
    if (text == null) {
      String step = FirstNotFinite.find(queue, plan);
      text =
          "the network's output holds NaN or infinity, so detections are missing or wrong; first seen "
              + (step == null ? "in its input" : "in the output of step " + step);
      known = text;
      if (receiver == null) {
        System.getLogger("dev.detr4j").log(System.Logger.Level.WARNING, text);
      }
    }
    if (receiver != null) {
      receiver.accept(text);
    }
  }
}
