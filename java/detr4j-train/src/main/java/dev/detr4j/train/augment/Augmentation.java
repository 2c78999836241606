package dev.detr4j.train.augment;

import dev.detr4j.image.PixelSize;
import dev.detr4j.train.data.TrainingImage;
import dev.detr4j.train.random.CounterRandom;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.stream.Stream;

/** A way to change pictures for training, up to the size of the network's input. Immutable. */
public sealed interface Augmentation
    permits DetrAugmentation, FixedAugmentation, LightAugmentation, PlainAugmentation {
  /**
   * One picture of the training set, changed.
   *
   * @param random a row of numbers for this image and epoch
   * @param arena of the memory of the result
   */
  Scene make(ImageSource source, int index, CounterRandom random, Arena arena);

  /**
   * The largest batch that these images can come to: no width and no height of what {@link #make}
   * returns is larger.
   *
   * @param images with true sizes; at least one
   */
  PixelSize largest(List<TrainingImage> images);

  /** The largest width and the largest height of sizes. */
  static PixelSize around(Stream<PixelSize> sizes) {
    return sizes
        .reduce((a, b) ->
            new PixelSize(Math.max(a.width(), b.width()), Math.max(a.height(), b.height())))
        .orElseThrow();
  }
}
