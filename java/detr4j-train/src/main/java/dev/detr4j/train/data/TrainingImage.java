package dev.detr4j.train.data;

import java.nio.file.Path;
import java.util.List;

/**
 * An image and what is on it.
 *
 * @param name as the annotations call it, unique in its set
 * @param file where it lies on this machine
 * @param width stated pixels, or 0 where the annotations state none
 * @param height likewise
 * @param fractions whether the boxes are fractions of the image, not pixels
 */
public record TrainingImage(
    String name, Path file, int width, int height, boolean fractions, List<LabelledBox> boxes) {
  /** Copies the list. */
  public TrainingImage {
    boxes = List.copyOf(boxes);
  }

  /** The same with its true size and boxes in pixels. */
  public TrainingImage sized(int trueWidth, int trueHeight) {
    List<LabelledBox> scaled =
        fractions ? boxes.stream().map(box -> box.scaled(trueWidth, trueHeight)).toList() : boxes;
    return new TrainingImage(name, file, trueWidth, trueHeight, false, scaled);
  }

  /** The same with other boxes. */
  public TrainingImage withBoxes(List<LabelledBox> other) {
    return new TrainingImage(name, file, width, height, fractions, other);
  }
}
