package dev.detr4j.train.augment;

import dev.detr4j.image.PixelSize;
import dev.detr4j.image.Preprocessing;
import dev.detr4j.train.data.TrainingImage;
import dev.detr4j.train.random.CounterRandom;
import java.lang.foreign.Arena;
import java.util.List;

/**
 * Little change: flipped half of the time, other light half of the time, then the size that the
 * model sees when it is used.
 *
 * @param flips whether left and right may be turned round: not for writing
 */
public record LightAugmentation(Preprocessing preprocessing, boolean flips)
    implements Augmentation {
  @Override
  public Scene make(ImageSource source, int index, CounterRandom random, Arena arena) {
    Scene scene = source.load(index, arena);
    boolean flip = random.chance(0.5);
    if (flip && flips) {
      scene.flip();
    }
    if (random.chance(0.5)) {
      scene.recolour(Recolouring.table(random));
    }
    scene.resize(
        preprocessing.resize().target(scene.width(), scene.height()), preprocessing.resampling());
    return scene;
  }

  @Override
  public PixelSize largest(List<TrainingImage> images) {
    return Augmentation.around(
        images.stream().map(each -> preprocessing.resize().target(each.width(), each.height())));
  }
}
