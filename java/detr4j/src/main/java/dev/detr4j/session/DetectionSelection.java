package dev.detr4j.session;

import dev.detr4j.backend.Queue;
import dev.detr4j.image.ImageView;
import dev.detr4j.model.graph.DetectionModel;
import dev.detr4j.plan.ExecutionPlan;
import dev.detr4j.postprocess.DetectionSink;
import dev.detr4j.postprocess.FiniteValues;
import dev.detr4j.postprocess.Postprocessing;

/**
 * Turns what the network of one session left into detections. Not thread-safe, as the session;
 * allocates nothing once a batch of its size has been there.
 */
public final class DetectionSelection implements AutoCloseable {
  private final Postprocessing postprocessing;
  private final NetworkOutputs outputs;
  private final FiniteValues values = new FiniteValues();

  /**
   * Selects what the queue's plans leave.
   *
   * @param postprocessing is closed with this
   */
  public DetectionSelection(Postprocessing postprocessing, SharedParts shared, Queue queue) {
    this.postprocessing = postprocessing;
    this.outputs = new NetworkOutputs(shared.backend(), queue);
  }

  /** The largest number of detections of one image. */
  public int capacity() {
    return postprocessing.capacity();
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
    outputs.download(plan);
    int count = 0;
    for (int i = 0; i < images.length; i++) {
      count += select(i, images[i].width(), images[i].height(), sinks[i], threshold);
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
    outputs.download(plan);
    return select(0, width, height, sink, threshold);
  }

  private int select(int image, int width, int height, DetectionSink sink, float threshold) {
    return postprocessing.select(
        outputs.logits(), outputs.boxes(), image, width, height, threshold, sink);
  }

  /** Whether the outputs that were downloaded are all numbers. */
  public boolean isFinite(ExecutionPlan plan) {
    return values.all(outputs.logits(), floats(plan, DetectionModel.LOGITS))
        && values.all(outputs.boxes(), floats(plan, DetectionModel.PRED_BOXES));
  }

  private static long floats(ExecutionPlan plan, String output) {
    return plan.output(output).spanBytes() / Float.BYTES;
  }

  @Override
  public void close() {
    postprocessing.close();
    outputs.close();
  }
}
