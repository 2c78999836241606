package dev.detr4j.backend.host;

/**
 * The slices of rows in which products that sum over rows are computed: where the sums themselves
 * make few tiles, as in a layer of 256 x 256, tiles take a part of the rows each and leave partial
 * sums. It does not depend on threads, because the order of a sum follows the slices.
 *
 * @param rows of a slice; the last one may have fewer
 * @param count of slices
 */
public record RowSlices(int rows, int count) {
  /** Enough for four threads that others disturb. */
  private static final int TILES = 16;

  /** A tile of sums that the kernels keep in the second cache. */
  private static final int SIDE = 256;

  /** With fewer, joining and packing show. */
  private static final int FEWEST_ROWS = 512;

  /**
   * The slices of a product.
   *
   * @param rows of one item
   * @param depth taps times channels of the input
   */
  public static RowSlices of(int rows, int outChannels, int depth) {
    long blocks = (long) ceil(outChannels, SIDE) * ceil(depth, SIDE);
    int wanted = Math.clamp(Math.min(TILES / blocks, rows / FEWEST_ROWS), 1, TILES);
    int each = Math.max(1, ceil(rows, wanted));
    return new RowSlices(each, Math.max(1, ceil(rows, each)));
  }

  private static int ceil(int a, int b) {
    return (a + b - 1) / b;
  }

  /** Bytes of the partial sums of weight and bias; 0 where there is one slice. */
  public long partialBytes(int outChannels, int depth) {
    return count == 1 ? 0 : (long) Float.BYTES * count * outChannels * (depth + 1);
  }
}
