package dev.detr4j.backend.reference;

import java.util.Arrays;

/** Arrays that one thread uses while it runs one tile; kept for its next tile. */
final class HeapScratch {
  private static final ThreadLocal<HeapScratch> OF_THREAD =
      ThreadLocal.withInitial(HeapScratch::new);

  private double[] values = {};
  private final double[][] sums = new double[MatrixProduct.ROWS][0];

  private HeapScratch() {}

  /** The arrays of the calling thread. */
  static HeapScratch ofThread() {
    return OF_THREAD.get();
  }

  /** At least {@code size} doubles, contents unspecified. */
  double[] values(int size) {
    if (values.length < size) {
      values = new double[size];
    }
    return values;
  }

  /** {@link MatrixProduct#ROWS} arrays of at least {@code columns} sums, all zero. */
  double[][] sums(int columns) {
    for (int r = 0; r < sums.length; r++) {
      if (sums[r].length < columns) {
        sums[r] = new double[columns];
      } else {
        Arrays.fill(sums[r], 0, columns, 0);
      }
    }
    return sums;
  }
}
