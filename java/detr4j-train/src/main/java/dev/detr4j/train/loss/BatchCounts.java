package dev.detr4j.train.loss;

import dev.detr4j.train.match.Targets;
import java.util.List;

/**
 * What losses are divided by: counts of the whole batch of an optimizer step. They follow from the
 * targets, so that a batch may be computed image by image and its losses and gradients added.
 *
 * @param images in the batch
 * @param targets of all images, those without a query too
 * @param matched the sum of min(queries, targets) over the images
 * @param queries an image
 */
public record BatchCounts(int images, long targets, long matched, int queries) {
  /** Counts a batch for a decoder with so many queries. */
  public static BatchCounts of(List<Targets> batch, int queries) {
    long targets = 0;
    long matched = 0;
    for (Targets image : batch) {
      targets += image.count();
      matched += Math.min(queries, image.count());
    }
    return new BatchCounts(batch.size(), targets, matched, queries);
  }

  /** What sums over pairs and the focal loss are divided by. */
  public double boxes() {
    return Math.max(1, targets);
  }

  /** What DETR's cross-entropy is divided by: the sum of the weights of all queries. */
  public double classWeights(double noObjectWeight) {
    return matched + noObjectWeight * ((double) images * queries - matched);
  }
}
