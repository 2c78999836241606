package dev.detr4j.session;

import dev.detr4j.backend.Queue;
import dev.detr4j.image.ImageView;
import dev.detr4j.plan.ExecutionPlan;
import dev.detr4j.postprocess.DetectionSink;
import dev.detr4j.postprocess.Postprocessing;

/**
 * Turns what the network of one session left into detections. Not thread-safe, as the session;
 * allocates nothing once a batch of its size has been there.
 */
public final class DetectionSelection implements AutoCloseable {
  private final int capacity;
  private final SelectionResult result;

  /**
   * Selects what the queue's plans leave.
   *
   * @param postprocessing is closed with this; where the plans select, it only says how much
   */
  public DetectionSelection(Postprocessing postprocessing, SharedParts shared, Queue queue) {
    this.capacity = postprocessing.capacity();
    SelectionNodes nodes = shared.selection();
    if (nodes == null) {
      this.result = new HostSelection(postprocessing, new NetworkOutputs(shared.backend(), queue));
    } else {
      postprocessing.close();
      this.result = new DeviceSelection(nodes, capacity, shared.backend(), queue);
    }
  }

  /** The largest number of detections of one image. */
  public int capacity() {
    return capacity;
  }

  /**
   * Waits for the run of a plan and selects the detections of each image of its batch.
   *
   * @param images as they were before they were resized
   * @param sinks one for each image
   * @return how many there are
   */
  public int select(
      ExecutionPlan plan, ImageView[] images, DetectionSink[] sinks, float threshold) {
    result.download(plan);
    int count = 0;
    for (int i = 0; i < images.length; i++) {
      count += result.select(i, images[i].width(), images[i].height(), threshold, sinks[i]);
    }
    return count;
  }

  /**
   * As above, for the one image of a batch.
   *
   * @param width pixels of the image before it was resized
   * @param height its height
   */
  public int select(
      ExecutionPlan plan, int width, int height, DetectionSink sink, float threshold) {
    result.download(plan);
    return result.select(0, width, height, threshold, sink);
  }

  /** Whether the network's logits and boxes are all numbers, of the run that was selected from. */
  public boolean isFinite(ExecutionPlan plan) {
    return result.isFinite(plan);
  }

  @Override
  public void close() {
    result.close();
  }
}
