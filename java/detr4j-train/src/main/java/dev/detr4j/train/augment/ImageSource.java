package dev.detr4j.train.augment;

import dev.detr4j.train.data.TrainingImage;
import java.lang.foreign.Arena;

/** The images that are trained on. */
public interface ImageSource {
  /** How many there are. */
  int size();

  /** An image with its size and boxes. */
  TrainingImage image(int index);

  /**
   * Its pixels as a scene.
   *
   * @param arena of its memory
   */
  Scene load(int index, Arena arena);
}
