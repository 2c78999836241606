package dev.detr4j.model.family;

import java.util.List;
import java.util.Optional;

/**
 * What a checkpoint file says of the images that its model was trained on; only birder's do.
 *
 * @param statistics of the training images
 * @param size of the network's input
 */
public record StoredInput(Optional<Statistics> statistics, Optional<Size> size) {
  /** The file says nothing. */
  public static final StoredInput NONE = new StoredInput(Optional.empty(), Optional.empty());

  /** Mean and standard deviation of red, green and blue in 0..1. */
  public record Statistics(List<Double> mean, List<Double> std) {
    /** Copies the lists. */
    public Statistics {
      mean = List.copyOf(mean);
      std = List.copyOf(std);
    }
  }

  /**
   * The size in pixels.
   *
   * @param dynamic whether the model was trained on many sizes; then the smaller number is that of
   *     the short side, else images are brought to exactly this size
   */
  public record Size(int height, int width, boolean dynamic) {}
}
