package dev.detr4j.backend.vector;

import static dev.detr4j.backend.vector.Lanes.BYTES;
import static dev.detr4j.backend.vector.Lanes.FLOATS;
import static dev.detr4j.backend.vector.Memory.ADDRESS;
import static dev.detr4j.backend.vector.Memory.ALL;
import static dev.detr4j.backend.vector.Memory.FLOAT_AT;
import static dev.detr4j.backend.vector.Memory.LONG_AT;
import static dev.detr4j.backend.vector.Memory.ORDER;
import static dev.detr4j.backend.vector.RegisterTile.PANEL_BYTES;

import jdk.incubator.vector.FloatVector;

/**
 * The register tile that multiplies by two panels at once: {@link #WIDE_ROWS} rows x 4 vectors of
 * accumulators, 4 vectors of B, one broadcast of A.
 *
 * <p>It needs 8 loads for 16 multiply-adds, {@link GemmTile} 8 for 12: a processor that multiplies
 * as fast as it loads waits less. On one core of an Ice Lake server a linear layer of 17,821 x 256
 * x 256 took 28 ms in place of 39. Its 21 vectors need 32 registers, see {@link
 * RegisterTile#PANELS_AT_ONCE}. A row's sums have the order of {@link GemmTile}'s, so the bits are
 * the same.
 *
 * <p>Four rows, not the six of C: with six C2 reaches NodeCountInliningCutoff, see {@link GemmTile}
 * on that and on named accumulators.
 */
final class WideGemmTile {
  /** Rows of this tile. It divides every block of rows that {@link GemmTile} is given, twice. */
  static final int WIDE_ROWS = 4;

  /** The longest tap for the loop that suits short ones. */
  private static final int SHORT = 64;

  private WideGemmTile() {}

  /**
   * Multiplies {@link #WIDE_ROWS} rows by two panels.
   *
   * @param rows address of the first row's address under the first tap; the table has an entry for
   *     every row of the tile
   * @param tapBytes bytes from one tap's entries to the next one's
   * @param offset bytes to add to every row address: the first channel of a group
   * @param b address of the first panel
   * @param panelBytes bytes from it to the second
   * @param out where the sums of the first panel go: {@link #WIDE_ROWS} rows of {@link
   *     RegisterTile#PANEL_BYTES}
   * @param outPanel bytes from there to where those of the second go
   */
  static void multiply(
      long rows,
      long tapBytes,
      long offset,
      int taps,
      int depth,
      long b,
      long panelBytes,
      long out,
      long outPanel) {
    if (depth <= SHORT) {
      rows4Short(rows, tapBytes, offset, taps, depth, b, panelBytes, out, outPanel);
    } else {
      rows4(rows, tapBytes, offset, taps, depth, b, panelBytes, out, outPanel);
    }
  }

  /** 4 rows; see {@link #multiply}. */
  private static void rows4(
      long rows,
      long tapBytes,
      long offset,
      int taps,
      int depth,
      long b,
      long panelBytes,
      long out,
      long outPanel) {
    FloatVector zero = FloatVector.zero(FLOATS);
    FloatVector a0 = zero;
    FloatVector b0 = zero;
    FloatVector c0 = zero;
    FloatVector d0 = zero;
    FloatVector a1 = zero;
    FloatVector b1 = zero;
    FloatVector c1 = zero;
    FloatVector d1 = zero;
    FloatVector a2 = zero;
    FloatVector b2 = zero;
    FloatVector c2 = zero;
    FloatVector d2 = zero;
    FloatVector a3 = zero;
    FloatVector b3 = zero;
    FloatVector c3 = zero;
    FloatVector d3 = zero;
    for (int tap = 0; tap < taps; tap++, rows += tapBytes) {
      long x0 = ((long) LONG_AT.get(ALL, rows) + offset) & ADDRESS;
      long x1 = ((long) LONG_AT.get(ALL, rows + 8) + offset) & ADDRESS;
      long x2 = ((long) LONG_AT.get(ALL, rows + 16) + offset) & ADDRESS;
      long x3 = ((long) LONG_AT.get(ALL, rows + 24) + offset) & ADDRESS;
      long left = b & ADDRESS;
      long right = (b + panelBytes) & ADDRESS;
      b += (long) depth * PANEL_BYTES;
      for (int k = 0; k < depth; k++) {
        long row = (long) PANEL_BYTES * k;
        FloatVector ba = FloatVector.fromMemorySegment(FLOATS, ALL, left + row, ORDER);
        FloatVector bb = FloatVector.fromMemorySegment(FLOATS, ALL, left + row + BYTES, ORDER);
        FloatVector bc = FloatVector.fromMemorySegment(FLOATS, ALL, right + row, ORDER);
        FloatVector bd = FloatVector.fromMemorySegment(FLOATS, ALL, right + row + BYTES, ORDER);
        long at = 4L * k;
        FloatVector y0 = FloatVector.broadcast(FLOATS, (float) FLOAT_AT.get(ALL, x0 + at));
        a0 = y0.fma(ba, a0);
        b0 = y0.fma(bb, b0);
        c0 = y0.fma(bc, c0);
        d0 = y0.fma(bd, d0);
        FloatVector y1 = FloatVector.broadcast(FLOATS, (float) FLOAT_AT.get(ALL, x1 + at));
        a1 = y1.fma(ba, a1);
        b1 = y1.fma(bb, b1);
        c1 = y1.fma(bc, c1);
        d1 = y1.fma(bd, d1);
        FloatVector y2 = FloatVector.broadcast(FLOATS, (float) FLOAT_AT.get(ALL, x2 + at));
        a2 = y2.fma(ba, a2);
        b2 = y2.fma(bb, b2);
        c2 = y2.fma(bc, c2);
        d2 = y2.fma(bd, d2);
        FloatVector y3 = FloatVector.broadcast(FLOATS, (float) FLOAT_AT.get(ALL, x3 + at));
        a3 = y3.fma(ba, a3);
        b3 = y3.fma(bb, b3);
        c3 = y3.fma(bc, c3);
        d3 = y3.fma(bd, d3);
      }
    }
    a0.intoMemorySegment(ALL, out, ORDER);
    b0.intoMemorySegment(ALL, out + BYTES, ORDER);
    c0.intoMemorySegment(ALL, out + outPanel, ORDER);
    d0.intoMemorySegment(ALL, out + outPanel + BYTES, ORDER);
    out += PANEL_BYTES;
    a1.intoMemorySegment(ALL, out, ORDER);
    b1.intoMemorySegment(ALL, out + BYTES, ORDER);
    c1.intoMemorySegment(ALL, out + outPanel, ORDER);
    d1.intoMemorySegment(ALL, out + outPanel + BYTES, ORDER);
    out += PANEL_BYTES;
    a2.intoMemorySegment(ALL, out, ORDER);
    b2.intoMemorySegment(ALL, out + BYTES, ORDER);
    c2.intoMemorySegment(ALL, out + outPanel, ORDER);
    d2.intoMemorySegment(ALL, out + outPanel + BYTES, ORDER);
    out += PANEL_BYTES;
    a3.intoMemorySegment(ALL, out, ORDER);
    b3.intoMemorySegment(ALL, out + BYTES, ORDER);
    c3.intoMemorySegment(ALL, out + outPanel, ORDER);
    d3.intoMemorySegment(ALL, out + outPanel + BYTES, ORDER);
  }

  /** 4 rows and a short tap; see {@link GemmTile} on its loop. */
  private static void rows4Short(
      long rows,
      long tapBytes,
      long offset,
      int taps,
      int depth,
      long b,
      long panelBytes,
      long out,
      long outPanel) {
    FloatVector zero = FloatVector.zero(FLOATS);
    FloatVector a0 = zero;
    FloatVector b0 = zero;
    FloatVector c0 = zero;
    FloatVector d0 = zero;
    FloatVector a1 = zero;
    FloatVector b1 = zero;
    FloatVector c1 = zero;
    FloatVector d1 = zero;
    FloatVector a2 = zero;
    FloatVector b2 = zero;
    FloatVector c2 = zero;
    FloatVector d2 = zero;
    FloatVector a3 = zero;
    FloatVector b3 = zero;
    FloatVector c3 = zero;
    FloatVector d3 = zero;
    for (int tap = 0; tap < taps; tap++, rows += tapBytes) {
      long x0 = (long) LONG_AT.get(ALL, rows) + offset;
      long x1 = (long) LONG_AT.get(ALL, rows + 8) + offset;
      long x2 = (long) LONG_AT.get(ALL, rows + 16) + offset;
      long x3 = (long) LONG_AT.get(ALL, rows + 24) + offset;
      long end = b + (long) depth * PANEL_BYTES;
      for (long at = 0; b != end; b += PANEL_BYTES, at += 4) {
        long left = b & ADDRESS;
        long right = (b + panelBytes) & ADDRESS;
        FloatVector ba = FloatVector.fromMemorySegment(FLOATS, ALL, left, ORDER);
        FloatVector bb = FloatVector.fromMemorySegment(FLOATS, ALL, left + BYTES, ORDER);
        FloatVector bc = FloatVector.fromMemorySegment(FLOATS, ALL, right, ORDER);
        FloatVector bd = FloatVector.fromMemorySegment(FLOATS, ALL, right + BYTES, ORDER);
        FloatVector y0 =
            FloatVector.broadcast(FLOATS, (float) FLOAT_AT.get(ALL, (x0 + at) & ADDRESS));
        a0 = y0.fma(ba, a0);
        b0 = y0.fma(bb, b0);
        c0 = y0.fma(bc, c0);
        d0 = y0.fma(bd, d0);
        FloatVector y1 =
            FloatVector.broadcast(FLOATS, (float) FLOAT_AT.get(ALL, (x1 + at) & ADDRESS));
        a1 = y1.fma(ba, a1);
        b1 = y1.fma(bb, b1);
        c1 = y1.fma(bc, c1);
        d1 = y1.fma(bd, d1);
        FloatVector y2 =
            FloatVector.broadcast(FLOATS, (float) FLOAT_AT.get(ALL, (x2 + at) & ADDRESS));
        a2 = y2.fma(ba, a2);
        b2 = y2.fma(bb, b2);
        c2 = y2.fma(bc, c2);
        d2 = y2.fma(bd, d2);
        FloatVector y3 =
            FloatVector.broadcast(FLOATS, (float) FLOAT_AT.get(ALL, (x3 + at) & ADDRESS));
        a3 = y3.fma(ba, a3);
        b3 = y3.fma(bb, b3);
        c3 = y3.fma(bc, c3);
        d3 = y3.fma(bd, d3);
      }
    }
    a0.intoMemorySegment(ALL, out, ORDER);
    b0.intoMemorySegment(ALL, out + BYTES, ORDER);
    c0.intoMemorySegment(ALL, out + outPanel, ORDER);
    d0.intoMemorySegment(ALL, out + outPanel + BYTES, ORDER);
    out += PANEL_BYTES;
    a1.intoMemorySegment(ALL, out, ORDER);
    b1.intoMemorySegment(ALL, out + BYTES, ORDER);
    c1.intoMemorySegment(ALL, out + outPanel, ORDER);
    d1.intoMemorySegment(ALL, out + outPanel + BYTES, ORDER);
    out += PANEL_BYTES;
    a2.intoMemorySegment(ALL, out, ORDER);
    b2.intoMemorySegment(ALL, out + BYTES, ORDER);
    c2.intoMemorySegment(ALL, out + outPanel, ORDER);
    d2.intoMemorySegment(ALL, out + outPanel + BYTES, ORDER);
    out += PANEL_BYTES;
    a3.intoMemorySegment(ALL, out, ORDER);
    b3.intoMemorySegment(ALL, out + BYTES, ORDER);
    c3.intoMemorySegment(ALL, out + outPanel, ORDER);
    d3.intoMemorySegment(ALL, out + outPanel + BYTES, ORDER);
  }
}
