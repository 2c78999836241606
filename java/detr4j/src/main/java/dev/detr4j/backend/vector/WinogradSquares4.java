package dev.detr4j.backend.vector;

import static dev.detr4j.backend.vector.Lanes.BYTES;
import static dev.detr4j.backend.vector.Lanes.FLOATS;
import static dev.detr4j.backend.vector.Memory.ALL;
import static dev.detr4j.backend.vector.Memory.ORDER;
import static dev.detr4j.backend.vector.RegisterTile.PANEL_BYTES;

import jdk.incubator.vector.FloatVector;

/**
 * The transforms of Winograd's F(4x4, 3x3), as in {@code native/src/kernels/winograd4_conv2d.c}: 36
 * products for sixteen output pixels in place of 144.
 *
 * <pre>
 *         1  3/2  -2  -3/2   1   0
 *         0  -1  -5/2 -1/2   1   0             1  1  1  1    1   0
 *   B^T = 0   1   1/2 -5/2   1   0      A^T =  0  1 -1  2  -1/2  0
 *         0 -1/2  -1   1/2   1   0             0  1  1  4   1/4  0
 *         0   2   -1   -2    1   0             0  1 -1  8  -1/8  1
 *         0   1   3/2  -2  -3/2  1
 * </pre>
 *
 * <p>A line is transformed at a time, columns into scratch and then rows: the 36 vectors of a
 * square in one method would be more than there are registers, and more than C2 inlines ({@link
 * GemmTile} says what happens then). A line is already too large to be inlined into its callers.
 */
final class WinogradSquares4 {
  private WinogradSquares4() {}

  /**
   * {@code V = B^T d B} of one square.
   *
   * @param pixels address of the addresses of its 36 input pixels, row by row
   * @param channel bytes from there to the first channel
   * @param bytes of channels, whole vectors
   * @param lines scratch of 36 times as many bytes
   * @param v where the first element of V goes
   * @param element bytes from one element of V to the next
   */
  static void input(long pixels, long channel, int bytes, long lines, long v, long element) {
    for (int x = 0; x < 6; x++) {
      long d = pixels + 8L * x;
      inputLine(
          Memory.getLong(d) + channel,
          Memory.getLong(d + 48) + channel,
          Memory.getLong(d + 96) + channel,
          Memory.getLong(d + 144) + channel,
          Memory.getLong(d + 192) + channel,
          Memory.getLong(d + 240) + channel,
          lines + (long) x * bytes,
          6L * bytes,
          bytes);
    }
    for (int y = 0; y < 6; y++) {
      long d = lines + 6L * y * bytes;
      inputLine(
          d,
          d + bytes,
          d + 2L * bytes,
          d + 3L * bytes,
          d + 4L * bytes,
          d + 5L * bytes,
          v + 6L * y * element,
          element,
          bytes);
    }
  }

  /** {@code B^T d}, for channel after channel. */
  private static void inputLine(
      long d0, long d1, long d2, long d3, long d4, long d5, long to, long step, int bytes) {
    FloatVector half = FloatVector.broadcast(FLOATS, 0.5f);
    FloatVector minusHalf = FloatVector.broadcast(FLOATS, -0.5f);
    FloatVector threeHalves = FloatVector.broadcast(FLOATS, 1.5f);
    FloatVector minusThreeHalves = FloatVector.broadcast(FLOATS, -1.5f);
    FloatVector two = FloatVector.broadcast(FLOATS, 2f);
    FloatVector minusTwo = FloatVector.broadcast(FLOATS, -2f);
    FloatVector minusFiveHalves = FloatVector.broadcast(FLOATS, -2.5f);
    for (int at = 0; at < bytes; at += BYTES, to += BYTES) {
      FloatVector x0 = FloatVector.fromMemorySegment(FLOATS, ALL, d0 + at, ORDER);
      FloatVector x1 = FloatVector.fromMemorySegment(FLOATS, ALL, d1 + at, ORDER);
      FloatVector x2 = FloatVector.fromMemorySegment(FLOATS, ALL, d2 + at, ORDER);
      FloatVector x3 = FloatVector.fromMemorySegment(FLOATS, ALL, d3 + at, ORDER);
      FloatVector x4 = FloatVector.fromMemorySegment(FLOATS, ALL, d4 + at, ORDER);
      FloatVector x5 = FloatVector.fromMemorySegment(FLOATS, ALL, d5 + at, ORDER);
      FloatVector odd = x1.sub(x3);
      FloatVector even = x4.sub(x2);
      odd.fma(threeHalves, x2.fma(minusTwo, x0.add(x4))).intoMemorySegment(ALL, to, ORDER);
      x2.fma(minusFiveHalves, x4).sub(x3.fma(half, x1)).intoMemorySegment(ALL, to + step, ORDER);
      x2.fma(half, x4)
          .add(x3.fma(minusFiveHalves, x1))
          .intoMemorySegment(ALL, to + 2 * step, ORDER);
      odd.fma(minusHalf, even).intoMemorySegment(ALL, to + 3 * step, ORDER);
      odd.fma(two, even).intoMemorySegment(ALL, to + 4 * step, ORDER);
      even.fma(minusThreeHalves, x3.fma(minusTwo, x1.add(x5)))
          .intoMemorySegment(ALL, to + 5 * step, ORDER);
    }
  }

  /**
   * {@code A^T M} of one square and one panel: four rows of six.
   *
   * @param m address of the first element of M
   * @param element bytes from one element of M to the next
   * @param lines where {@code [4][6]} rows of a panel go
   */
  static void outputColumns(long m, long element, long lines) {
    for (int x = 0; x < 6; x++) {
      outputLine(m + x * element, 6 * element, lines + (long) x * PANEL_BYTES, 6L * PANEL_BYTES);
    }
  }

  /**
   * One row of {@code (A^T M) A}: four pixels.
   *
   * @param lines what {@link #outputColumns} left
   * @param pixels where the pixels go, side by side
   */
  static void outputRow(long lines, int row, long pixels) {
    outputLine(lines + 6L * row * PANEL_BYTES, PANEL_BYTES, pixels, PANEL_BYTES);
  }

  /** {@code A^T m} of one panel. */
  private static void outputLine(long m, long element, long to, long step) {
    FloatVector two = FloatVector.broadcast(FLOATS, 2f);
    FloatVector four = FloatVector.broadcast(FLOATS, 4f);
    FloatVector eight = FloatVector.broadcast(FLOATS, 8f);
    FloatVector minusHalf = FloatVector.broadcast(FLOATS, -0.5f);
    FloatVector quarter = FloatVector.broadcast(FLOATS, 0.25f);
    FloatVector minusEighth = FloatVector.broadcast(FLOATS, -0.125f);
    for (int at = 0; at < PANEL_BYTES; at += BYTES, m += BYTES, to += BYTES) {
      FloatVector x0 = FloatVector.fromMemorySegment(FLOATS, ALL, m, ORDER);
      FloatVector x1 = FloatVector.fromMemorySegment(FLOATS, ALL, m + element, ORDER);
      FloatVector x2 = FloatVector.fromMemorySegment(FLOATS, ALL, m + 2 * element, ORDER);
      FloatVector x3 = FloatVector.fromMemorySegment(FLOATS, ALL, m + 3 * element, ORDER);
      FloatVector x4 = FloatVector.fromMemorySegment(FLOATS, ALL, m + 4 * element, ORDER);
      FloatVector x5 = FloatVector.fromMemorySegment(FLOATS, ALL, m + 5 * element, ORDER);
      FloatVector sum = x1.add(x2);
      FloatVector difference = x1.sub(x2);
      x0.add(sum).add(x3.add(x4)).intoMemorySegment(ALL, to, ORDER);
      x4.fma(minusHalf, x3.fma(two, difference)).intoMemorySegment(ALL, to + step, ORDER);
      x4.fma(quarter, x3.fma(four, sum)).intoMemorySegment(ALL, to + 2 * step, ORDER);
      x5.add(x4.fma(minusEighth, x3.fma(eight, difference)))
          .intoMemorySegment(ALL, to + 3 * step, ORDER);
    }
  }
}
