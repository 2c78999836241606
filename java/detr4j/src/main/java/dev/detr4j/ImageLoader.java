package dev.detr4j;

import dev.detr4j.error.Detr4jException;
import dev.detr4j.image.ImageView;
import java.io.IOException;

/**
 * Makes the image of a call when the call's turn has come, so that of many callers only those that
 * run hold pixels.
 */
@FunctionalInterface
public interface ImageLoader {
  /**
   * Returns the image, whose memory must not change until the call has ended. May run on another
   * thread than the caller's. Must not call the detector: the inner call would wait for a session
   * while the outer one holds one.
   *
   * @throws IOException becomes a {@link Detr4jException}; runtime exceptions reach the caller
   */
  ImageView load() throws IOException;
}
