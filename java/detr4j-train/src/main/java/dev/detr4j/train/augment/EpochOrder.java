package dev.detr4j.train.augment;

import dev.detr4j.train.random.CounterRandom;

/**
 * Which images each batch of an epoch has. A function of the seed, the epoch and the number of
 * images; the rest of an epoch that fills no batch is left out, as DETR leaves it out, unless it is
 * all there is.
 */
public final class EpochOrder {
  private static final long ORDER = 0x6f72_6465_72L;
  private static final long PICTURE = 0x7069_6374_7572_65L;

  private final int[] order;
  private final int batch;

  /** The order of one epoch, counted from 0. */
  public EpochOrder(long seed, int epoch, int images, int batch) {
    order = new CounterRandom(seed, ORDER, epoch).permutation(images);
    this.batch = Math.min(batch, images);
  }

  /** Batches of an epoch. */
  public static int batches(int images, int batch) {
    return images <= batch ? 1 : images / batch;
  }

  /** The images of a batch, counted from 0. */
  public int[] batch(int index) {
    int[] images = new int[batch];
    System.arraycopy(order, index * batch, images, 0, batch);
    return images;
  }

  /** The random numbers for an image in an epoch. */
  public static CounterRandom randomFor(long seed, int epoch, int image) {
    return new CounterRandom(seed, PICTURE, epoch, image);
  }
}
