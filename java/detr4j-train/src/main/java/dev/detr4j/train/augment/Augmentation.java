package dev.detr4j.train.augment;

import dev.detr4j.train.random.CounterRandom;
import java.lang.foreign.Arena;

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
}
