package dev.detr4j.backend.vector;

import static dev.detr4j.backend.vector.Lanes.BYTES;
import static dev.detr4j.backend.vector.Lanes.FLOATS;
import static dev.detr4j.backend.vector.Memory.ALL;
import static dev.detr4j.backend.vector.Memory.ORDER;
import static dev.detr4j.backend.vector.RegisterTile.PANEL_BYTES;

import jdk.incubator.vector.FloatVector;

/**
 * The transforms of Winograd's F(2x2, 3x3), as in {@code native/src/kernels/winograd_conv2d.c}: 16
 * products for four output pixels in place of 36.
 *
 * <pre>
 *         1  0 -1  0
 *   B^T = 0  1  1  0      A^T = 1 1  1  0
 *         0 -1  1  0            0 1 -1 -1
 *         0  1  0 -1
 * </pre>
 *
 * <p>In the same steps as {@link WinogradSquares4}.
 */
final class WinogradSquares2 {
  private WinogradSquares2() {}

  /**
   * {@code V = B^T d B} of one square.
   *
   * @param pixels address of the addresses of its 16 input pixels, row by row
   * @param channel bytes from there to the first channel
   * @param bytes of channels, whole vectors
   * @param lines scratch of 16 times as many bytes
   * @param v where the first element of V goes
   * @param element bytes from one element of V to the next
   */
  static void input(long pixels, long channel, int bytes, long lines, long v, long element) {
    for (int x = 0; x < 4; x++) {
      long d = pixels + 8L * x;
      inputLine(
          Memory.getLong(d) + channel,
          Memory.getLong(d + 32) + channel,
          Memory.getLong(d + 64) + channel,
          Memory.getLong(d + 96) + channel,
          lines + (long) x * bytes,
          4L * bytes,
          bytes);
    }
    for (int y = 0; y < 4; y++) {
      long d = lines + 4L * y * bytes;
      inputLine(d, d + bytes, d + 2L * bytes, d + 3L * bytes, v + 4L * y * element, element, bytes);
    }
  }

  /** {@code B^T d}, for channel after channel. */
  private static void inputLine(long d0, long d1, long d2, long d3, long to, long step, int bytes) {
    for (int at = 0; at < bytes; at += BYTES, to += BYTES) {
      FloatVector x0 = FloatVector.fromMemorySegment(FLOATS, ALL, d0 + at, ORDER);
      FloatVector x1 = FloatVector.fromMemorySegment(FLOATS, ALL, d1 + at, ORDER);
      FloatVector x2 = FloatVector.fromMemorySegment(FLOATS, ALL, d2 + at, ORDER);
      FloatVector x3 = FloatVector.fromMemorySegment(FLOATS, ALL, d3 + at, ORDER);
      x0.sub(x2).intoMemorySegment(ALL, to, ORDER);
      x1.add(x2).intoMemorySegment(ALL, to + step, ORDER);
      x2.sub(x1).intoMemorySegment(ALL, to + 2 * step, ORDER);
      x1.sub(x3).intoMemorySegment(ALL, to + 3 * step, ORDER);
    }
  }

  /**
   * {@code A^T M} of one square and one panel: two rows of four.
   *
   * @param m address of the first element of M
   * @param element bytes from one element of M to the next
   * @param lines where {@code [2][4]} rows of a panel go
   */
  static void outputColumns(long m, long element, long lines) {
    for (int x = 0; x < 4; x++) {
      outputLine(m + x * element, 4 * element, lines + (long) x * PANEL_BYTES, 4L * PANEL_BYTES);
    }
  }

  /**
   * One row of {@code (A^T M) A}: two pixels.
   *
   * @param lines what {@link #outputColumns} left
   * @param pixels where the pixels go, side by side
   */
  static void outputRow(long lines, int row, long pixels) {
    outputLine(lines + 4L * row * PANEL_BYTES, PANEL_BYTES, pixels, PANEL_BYTES);
  }

  /** {@code A^T m} of one panel. */
  private static void outputLine(long m, long element, long to, long step) {
    for (int at = 0; at < PANEL_BYTES; at += BYTES, m += BYTES, to += BYTES) {
      FloatVector x0 = FloatVector.fromMemorySegment(FLOATS, ALL, m, ORDER);
      FloatVector x1 = FloatVector.fromMemorySegment(FLOATS, ALL, m + element, ORDER);
      FloatVector x2 = FloatVector.fromMemorySegment(FLOATS, ALL, m + 2 * element, ORDER);
      FloatVector x3 = FloatVector.fromMemorySegment(FLOATS, ALL, m + 3 * element, ORDER);
      x0.add(x1.add(x2)).intoMemorySegment(ALL, to, ORDER);
      x1.sub(x2).sub(x3).intoMemorySegment(ALL, to + step, ORDER);
    }
  }
}
