package dev.detr4j;

import dev.detr4j.plan.ExecutionPlan;
import dev.detr4j.plan.FirstNotFinite;
import dev.detr4j.postprocess.FiniteValues;
import java.lang.foreign.MemorySegment;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Warns when a network's output is not finite, so that a broken checkpoint does not look like an
 * empty picture; {@link DetectorBuilder#warnings} is the contract. One of each session.
 */
final class OutputCheck {
  private final @Nullable Consumer<String> receiver;
  private final FiniteValues values = new FiniteValues();
  private @Nullable String known;

  /**
   * A check.
   *
   * @param receiver takes every warning; null for the log, which takes the first
   */
  OutputCheck(@Nullable Consumer<String> receiver) {
    this.receiver = receiver;
  }

  /** Whether logits and boxes are all numbers. */
  boolean isFinite(MemorySegment logits, long logitBytes, MemorySegment boxes, long boxBytes) {
    return values.all(logits, logitBytes / Float.BYTES)
        && values.all(boxes, boxBytes / Float.BYTES);
  }

  /**
   * Warns; where this session has not found the step yet, that takes many times as long as a call.
   *
   * @param plan with its inputs filled anew
   */
  void warn(ExecutionPlan plan) {
    String text = known;
    if (text == null) {
      String step = FirstNotFinite.find(plan);
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
