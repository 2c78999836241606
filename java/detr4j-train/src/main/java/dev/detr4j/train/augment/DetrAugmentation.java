package dev.detr4j.train.augment;

import dev.detr4j.image.PixelSize;
import dev.detr4j.train.data.TrainingImage;
import dev.detr4j.train.random.CounterRandom;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * The training transforms of DETR and Deformable DETR: flipped half of the time; then, each half of
 * the time, resized to a short side of 480 to 800 and a long side of at most 1333, or resized to a
 * short side of 400, 500 or 600, cropped to sides of 384 to 600, and resized as before.
 */
public record DetrAugmentation() implements Augmentation {
  private static final int LONGEST = 1333;
  private static final int LEAST_SHORT = 480;
  private static final int MOST_SHORT = 800;
  private static final int SHORT_STEP = 32;
  private static final int[] FIRST = {400, 500, 600};
  private static final int LEAST_CROP = 384;
  private static final int MOST_CROP = 600;

  @Override
  public Scene make(ImageSource source, int index, CounterRandom random, Arena arena) {
    Scene scene = source.load(index, arena);
    for (Step step : choose(scene.width(), scene.height(), random)) {
      step.apply(scene);
    }
    return scene;
  }

  /** The steps for an image of this size, by chance. */
  List<Step> choose(int width, int height, CounterRandom random) {
    List<Step> steps = new ArrayList<>();
    if (random.chance(0.5)) {
      steps.add(new Step.Flip());
    }
    if (random.chance(0.5)) {
      steps.add(lastResize(random));
      return steps;
    }
    Step.Resize first = new Step.Resize(FIRST[random.wholeBetween(0, 2)], 0);
    steps.add(first);
    PixelSize size = first.target(width, height);
    int cropWidth = random.wholeBetween(LEAST_CROP, Math.min(size.width(), MOST_CROP));
    int cropHeight = random.wholeBetween(LEAST_CROP, Math.min(size.height(), MOST_CROP));
    steps.add(
        new Step.Crop(
            random.wholeBetween(0, size.height() - cropHeight),
            random.wholeBetween(0, size.width() - cropWidth),
            cropHeight,
            cropWidth));
    steps.add(lastResize(random));
    return steps;
  }

  private static Step lastResize(CounterRandom random) {
    int steps = (MOST_SHORT - LEAST_SHORT) / SHORT_STEP;
    return new Step.Resize(LEAST_SHORT + SHORT_STEP * random.wholeBetween(0, steps), LONGEST);
  }

  /** The most elongated crop can lie or stand, whatever the image. */
  @Override
  public PixelSize largest(List<TrainingImage> images) {
    Step.Resize last = new Step.Resize(MOST_SHORT, LONGEST);
    return Augmentation.around(
        Stream.concat(
            Stream.of(last.target(MOST_CROP, LEAST_CROP), last.target(LEAST_CROP, MOST_CROP)),
            images.stream().map(each -> last.target(each.width(), each.height()))));
  }
}
