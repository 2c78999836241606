package dev.detr4j.postprocess;

import dev.detr4j.op.SelectionOp;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Turns a network's output into the detections of one image.
 *
 * <p>Inputs are fp32 in host memory, native byte order: logits {@code [N, queries, classes]} and
 * boxes {@code [N, queries, 4]} as centre x, centre y, width, height, relative to each image
 * without its padding. Instances are for one thread at a time; {@link #select} allocates nothing.
 */
public interface Postprocessing extends AutoCloseable {

  /** The largest number of detections of one image. */
  int capacity();

  /**
   * Passes the detections of one image to {@code sink}.
   *
   * <p>Boxes become corners and then pixels, in fp32 and in the order of Hugging Face: {@code xMin
   * = (cx - 0.5 * w) * originalWidth}, and so on. Whether they are clipped or suppressed is the
   * implementation's. A width and height of 1 give relative corners.
   *
   * @param image index in the batch
   * @param originalWidth width of the image before preprocessing, in pixels
   * @param originalHeight its height
   * @param threshold only scores strictly greater are passed on; a NaN score never is
   * @return how many detections were passed on
   */
  int select(
      MemorySegment logits,
      MemorySegment boxes,
      int image,
      int originalWidth,
      int originalHeight,
      float threshold,
      DetectionSink sink);

  /** The operation that makes the same selection on a device, or null where there is none. */
  default @Nullable SelectionOp operation() {
    return null;
  }

  /** Frees device memory, where there is any. */
  @Override
  default void close() {}
}
