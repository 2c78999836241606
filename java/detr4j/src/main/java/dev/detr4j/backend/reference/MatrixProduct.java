package dev.detr4j.backend.reference;

/**
 * The one loop that is arranged for the compiler, because nearly all the time of a model is spent
 * in it.
 */
final class MatrixProduct {
  /** Rows that are multiplied together, so that each weight is loaded once for all of them. */
  static final int ROWS = 4;

  private MatrixProduct() {}

  /**
   * {@code sums[r][j] += sum over k of x[r * depth + k] * weight[k * columns + j]}.
   *
   * @param x {@link #ROWS} rows of {@code depth} values
   * @param weight {@code depth} rows of {@code columns} values, from {@code weightStart} on
   */
  static void add(
      double[] x, int depth, float[] weight, int weightStart, int columns, double[][] sums) {
    for (int k = 0; k < depth; k++) {
      addRow(
          sums[0],
          sums[1],
          sums[2],
          sums[3],
          weight,
          weightStart + k * columns,
          columns,
          x[k],
          x[depth + k],
          x[2 * depth + k],
          x[3 * depth + k]);
    }
  }

  /**
   * Small and without inner branches, so that HotSpot vectorises it; float weights because doubles
   * would not fit the caches.
   */
  private static void addRow(
      double[] sums0,
      double[] sums1,
      double[] sums2,
      double[] sums3,
      float[] weight,
      int at,
      int columns,
      double x0,
      double x1,
      double x2,
      double x3) {
    for (int j = 0; j < columns; j++) {
      double w = weight[at + j];
      sums0[j] += x0 * w;
      sums1[j] += x1 * w;
      sums2[j] += x2 * w;
      sums3[j] += x3 * w;
    }
  }
}
