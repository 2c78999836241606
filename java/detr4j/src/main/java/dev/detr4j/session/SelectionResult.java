package dev.detr4j.session;

import dev.detr4j.plan.ExecutionPlan;
import dev.detr4j.postprocess.DetectionSink;

/** How the detections of a session come to the host: one of two ways, by the backend's memory. */
sealed interface SelectionResult extends AutoCloseable permits HostSelection, DeviceSelection {
  /** Waits for the run of a plan and copies what it left. */
  void download(ExecutionPlan plan);

  /**
   * Passes on the detections of one image of what was copied.
   *
   * @param width pixels of the image before it was resized
   * @param height its height
   * @return how many there are
   */
  int select(int image, int width, int height, float threshold, DetectionSink sink);

  /** Whether logits and boxes of what was copied are all numbers. */
  boolean isFinite(ExecutionPlan plan);

  @Override
  void close();
}
