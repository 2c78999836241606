package dev.detr4j.train.loss;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The class losses of the family, of the queries of one image, with gradients by the logits.
 *
 * <p>Logits are {@code [queries, classes]} float32, sums are double. Stateless.
 */
public final class ClassLoss {
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

  private ClassLoss() {}

  /**
   * The sigmoid focal loss (Lin et al. 2017, gamma 2): the sum over queries and classes of {@code a
   * * BCE * (1 - p_t)^2}.
   *
   * @param labels the class of each query, or -1
   * @param alpha weight of positives, {@code 1 - alpha} of negatives; negative for none
   * @param factor of the gradient: the weight of the loss divided by what it is divided by
   * @return the sum, without the factor
   */
  public static double focal(
      MemorySegment logits,
      MemorySegment gradient,
      int queries,
      int classes,
      int[] labels,
      double alpha,
      double factor) {
    double onPositive = alpha < 0 ? 1 : alpha;
    double onNegative = alpha < 0 ? 1 : 1 - alpha;
    double sum = 0;
    for (int q = 0; q < queries; q++) {
      int label = labels[q];
      for (int c = 0; c < classes; c++) {
        long at = 4L * ((long) q * classes + c);
        double x = logits.get(FLOAT, at);
        // One exponential of a number that is not positive serves both logarithms.
        double e = Math.exp(-Math.abs(x));
        double l = Math.log1p(e);
        double p = x >= 0 ? 1 / (1 + e) : e / (1 + e);
        double not = x >= 0 ? e / (1 + e) : 1 / (1 + e);
        if (c == label) {
          double log = x >= 0 ? -l : x - l;
          sum -= onPositive * not * not * log;
          gradient.set(FLOAT, at, (float) (factor * onPositive * not * not * (2 * p * log - not)));
        } else {
          double log = x >= 0 ? -x - l : -l;
          sum -= onNegative * p * p * log;
          gradient.set(FLOAT, at, (float) (factor * onNegative * p * p * (p - 2 * not * log)));
        }
      }
    }
    return sum;
  }

  /**
   * Weighted cross-entropy: the sum over queries of {@code w_y * -log softmax(x)_y}, where y is the
   * label of a matched query, with weight 1, and else the last column.
   *
   * @param labels the class of each query, or -1
   * @param noObjectWeight weight of the last column
   * @param factor of the gradient, as for {@link #focal}
   * @return the sum, without the factor
   */
  public static double crossEntropy(
      MemorySegment logits,
      MemorySegment gradient,
      int queries,
      int classes,
      int[] labels,
      double noObjectWeight,
      double factor) {
    double sum = 0;
    for (int q = 0; q < queries; q++) {
      long row = 4L * q * classes;
      double greatest = Double.NEGATIVE_INFINITY;
      for (int c = 0; c < classes; c++) {
        greatest = Math.max(greatest, logits.get(FLOAT, row + 4L * c));
      }
      double total = 0;
      for (int c = 0; c < classes; c++) {
        total += Math.exp(logits.get(FLOAT, row + 4L * c) - greatest);
      }
      int kind = labels[q] < 0 ? classes - 1 : labels[q];
      double weight = labels[q] < 0 ? noObjectWeight : 1;
      sum += weight * (Math.log(total) - (logits.get(FLOAT, row + 4L * kind) - greatest));
      for (int c = 0; c < classes; c++) {
        long at = row + 4L * c;
        double p = Math.exp(logits.get(FLOAT, at) - greatest) / total;
        gradient.set(FLOAT, at, (float) (factor * weight * (c == kind ? p - 1 : p)));
      }
    }
    return sum;
  }
}
