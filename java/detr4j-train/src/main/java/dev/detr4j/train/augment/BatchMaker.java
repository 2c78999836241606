package dev.detr4j.train.augment;

import dev.detr4j.image.ImageDecoder;
import dev.detr4j.train.data.Dataset;
import dev.detr4j.train.data.TrainingImage;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;

/**
 * Makes the batches of a run: decodes the images of a step and changes them by chance. Thread-safe;
 * any step of any epoch can be asked for.
 */
public final class BatchMaker implements ImageSource {
  private final Dataset dataset;
  private final ImageDecoder decoder;
  private final Augmentation augmentation;
  private final long seed;
  private final int batch;

  /**
   * For one training set.
   *
   * @param dataset with true sizes and boxes in pixels
   * @param decoder with the orientation that the sizes are of
   */
  public BatchMaker(
      Dataset dataset, ImageDecoder decoder, Augmentation augmentation, long seed, int batch) {
    this.dataset = dataset;
    this.decoder = decoder;
    this.augmentation = augmentation;
    this.seed = seed;
    this.batch = batch;
  }

  /** Steps of an epoch. */
  public int steps() {
    return EpochOrder.batches(dataset.images().size(), batch);
  }

  /**
   * One batch.
   *
   * @param epoch counted from 0
   * @param step of the epoch, counted from 0
   * @param arena of its memory
   */
  public Batch make(int epoch, int step, Arena arena) {
    List<String> names = new ArrayList<>();
    List<Scene> scenes = new ArrayList<>();
    for (int image : new EpochOrder(seed, epoch, dataset.images().size(), batch).batch(step)) {
      names.add(dataset.images().get(image).name());
      scenes.add(
          augmentation.make(this, image, EpochOrder.randomFor(seed, epoch, image), arena).packed());
    }
    return Batch.of(names, scenes);
  }

  @Override
  public int size() {
    return dataset.images().size();
  }

  @Override
  public TrainingImage image(int index) {
    return dataset.images().get(index);
  }

  @Override
  public Scene load(int index, Arena arena) {
    TrainingImage image = image(index);
    return Scene.of(decoder.decode(image.file(), arena), image, arena);
  }
}
