package dev.detr4j.train.augment;

import dev.detr4j.image.PixelSize;
import dev.detr4j.image.Preprocessing;
import dev.detr4j.train.data.TrainingImage;
import dev.detr4j.train.random.CounterRandom;
import java.lang.foreign.Arena;
import java.util.List;

/** No change but the size that the model sees when it is used. */
public record PlainAugmentation(Preprocessing preprocessing) implements Augmentation {
  @Override
  public Scene make(ImageSource source, int index, CounterRandom random, Arena arena) {
    Scene scene = source.load(index, arena);
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
