package dev.detr4j.image;

import dev.detr4j.op.ResamplingTable;

/**
 * The floating-point weights that Pillow and torchvision share: the filter is centred on the target
 * pixel's centre, widened by the scale when reducing, and its values are divided by their sum.
 *
 * <p>All arithmetic is {@code double}, in the order of the two libraries; they differ only in how
 * the weights become integers, which is what {@link #toTable} leaves to its caller.
 */
final class AntialiasWeights {
  private final int sourceSize;
  private final int maxCount;
  private final int[] start;
  private final int[] count;
  private final double[] weights;

  AntialiasWeights(int sourceSize, int targetSize, ResamplingFilter filter) {
    this.sourceSize = sourceSize;
    double scale = (double) sourceSize / targetSize;
    double filterScale = Math.max(scale, 1.0);
    double support = filter.support() * filterScale;
    double inverse = 1.0 / filterScale;
    this.maxCount = Math.min((int) Math.ceil(support) * 2 + 1, sourceSize);
    this.start = new int[targetSize];
    this.count = new int[targetSize];
    this.weights = new double[Math.multiplyExact(targetSize, maxCount)];
    for (int i = 0; i < targetSize; i++) {
      double center = scale * (i + 0.5);
      int first = Math.max((int) (center - support + 0.5), 0);
      int taps = Math.min(Math.min((int) (center + support + 0.5), sourceSize) - first, maxCount);
      start[i] = first;
      count[i] = taps;
      int row = i * maxCount;
      double sum = 0.0;
      for (int j = 0; j < taps; j++) {
        double weight = filter.value((j + first - center + 0.5) * inverse);
        weights[row + j] = weight;
        sum += weight;
      }
      for (int j = 0; j < taps && sum != 0.0; j++) {
        weights[row + j] /= sum;
      }
    }
  }

  /** The largest weight, at least 0. */
  double largest() {
    double largest = 0.0;
    for (double weight : weights) {
      largest = Math.max(largest, weight);
    }
    return largest;
  }

  /** Rounds the weights to fixed point, halves away from zero. */
  ResamplingTable toTable(int precisionBits) {
    int[] fixed = new int[weights.length];
    double one = 1 << precisionBits;
    for (int i = 0; i < fixed.length; i++) {
      double scaled = weights[i] * one;
      fixed[i] = (int) (scaled < 0.0 ? scaled - 0.5 : scaled + 0.5);
    }
    return new ResamplingTable(sourceSize, start, count, fixed, maxCount, precisionBits);
  }
}
