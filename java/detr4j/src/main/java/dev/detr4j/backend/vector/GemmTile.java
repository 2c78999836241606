package dev.detr4j.backend.vector;

import static dev.detr4j.backend.vector.Lanes.BYTES;
import static dev.detr4j.backend.vector.Lanes.FLOATS;
import static dev.detr4j.backend.vector.Lanes.PANEL_BYTES;
import static dev.detr4j.backend.vector.Memory.ALL;
import static dev.detr4j.backend.vector.Memory.FLOAT;
import static dev.detr4j.backend.vector.Memory.LONG;
import static dev.detr4j.backend.vector.Memory.ORDER;

import jdk.incubator.vector.FloatVector;

/**
 * The register tile that every matrix product goes through: {@code out[rows][columns] =
 * A[rows][depth] * B[depth][columns]}.
 *
 * <p>The plan and its drawing are those of {@code native/src/gemm_tile.h}: {@link Lanes#TILE_ROWS}
 * rows x 2 vectors of accumulators, 2 vectors of B, one broadcast of A. A is an address for each
 * row and tap (indirection, as in Dukhan 2019), B a packed panel {@code
 * [taps][depth][TILE_COLUMNS]}. A row's result depends on that row alone and is summed in the order
 * of tap and depth, however many rows the tile has.
 *
 * <p>The accumulators are named locals and the Vector API is called directly: an array of vectors
 * boxes (30 times slower), and so does a helper method that C2 declines to inline because the
 * method has become large.
 */
final class GemmTile {
  private GemmTile() {}

  /**
   * Multiplies {@link Lanes#TILE_ROWS} rows, or about half of them when no more are valid, by one
   * panel.
   *
   * @param rows address of the first row's address under the first tap; the table has an entry for
   *     every row of the tile, valid or not
   * @param tapBytes bytes from one tap's entries to the next one's
   * @param offset bytes to add to every row address: the first channel of a group
   * @param valid rows that matter; rows past them may be written or not
   * @param b address of the panel
   * @param out where the sums go: {@link Lanes#TILE_ROWS} rows of {@link Lanes#TILE_COLUMNS} floats
   * @param pitch bytes from one row of out to the next
   */
  static void multiply(
      long rows,
      long tapBytes,
      long offset,
      int taps,
      int depth,
      int valid,
      long b,
      long out,
      long pitch) {
    if (valid > 6) {
      rows12(rows, tapBytes, offset, taps, depth, b, out, pitch);
    } else if (valid > 2) {
      rows6(rows, tapBytes, offset, taps, depth, b, out, pitch);
    } else {
      rows2(rows, tapBytes, offset, taps, depth, b, out, pitch);
    }
  }

  /** 12 rows; see {@link #multiply}. */
  private static void rows12(
      long rows, long tapBytes, long offset, int taps, int depth, long b, long out, long pitch) {
    FloatVector l0 = FloatVector.zero(FLOATS);
    FloatVector r0 = FloatVector.zero(FLOATS);
    FloatVector l1 = FloatVector.zero(FLOATS);
    FloatVector r1 = FloatVector.zero(FLOATS);
    FloatVector l2 = FloatVector.zero(FLOATS);
    FloatVector r2 = FloatVector.zero(FLOATS);
    FloatVector l3 = FloatVector.zero(FLOATS);
    FloatVector r3 = FloatVector.zero(FLOATS);
    FloatVector l4 = FloatVector.zero(FLOATS);
    FloatVector r4 = FloatVector.zero(FLOATS);
    FloatVector l5 = FloatVector.zero(FLOATS);
    FloatVector r5 = FloatVector.zero(FLOATS);
    FloatVector l6 = FloatVector.zero(FLOATS);
    FloatVector r6 = FloatVector.zero(FLOATS);
    FloatVector l7 = FloatVector.zero(FLOATS);
    FloatVector r7 = FloatVector.zero(FLOATS);
    FloatVector l8 = FloatVector.zero(FLOATS);
    FloatVector r8 = FloatVector.zero(FLOATS);
    FloatVector l9 = FloatVector.zero(FLOATS);
    FloatVector r9 = FloatVector.zero(FLOATS);
    FloatVector l10 = FloatVector.zero(FLOATS);
    FloatVector r10 = FloatVector.zero(FLOATS);
    FloatVector l11 = FloatVector.zero(FLOATS);
    FloatVector r11 = FloatVector.zero(FLOATS);
    for (int tap = 0; tap < taps; tap++, rows += tapBytes) {
      long a0 = ALL.get(LONG, rows) + offset;
      long a1 = ALL.get(LONG, rows + 8) + offset;
      long a2 = ALL.get(LONG, rows + 16) + offset;
      long a3 = ALL.get(LONG, rows + 24) + offset;
      long a4 = ALL.get(LONG, rows + 32) + offset;
      long a5 = ALL.get(LONG, rows + 40) + offset;
      long a6 = ALL.get(LONG, rows + 48) + offset;
      long a7 = ALL.get(LONG, rows + 56) + offset;
      long a8 = ALL.get(LONG, rows + 64) + offset;
      long a9 = ALL.get(LONG, rows + 72) + offset;
      long a10 = ALL.get(LONG, rows + 80) + offset;
      long a11 = ALL.get(LONG, rows + 88) + offset;
      for (int k = 0; k < depth; k++, b += PANEL_BYTES) {
        FloatVector left = FloatVector.fromMemorySegment(FLOATS, ALL, b, ORDER);
        FloatVector right = FloatVector.fromMemorySegment(FLOATS, ALL, b + BYTES, ORDER);
        long at = 4L * k;
        FloatVector x0 = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a0 + at));
        l0 = x0.fma(left, l0);
        r0 = x0.fma(right, r0);
        FloatVector x1 = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a1 + at));
        l1 = x1.fma(left, l1);
        r1 = x1.fma(right, r1);
        FloatVector x2 = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a2 + at));
        l2 = x2.fma(left, l2);
        r2 = x2.fma(right, r2);
        FloatVector x3 = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a3 + at));
        l3 = x3.fma(left, l3);
        r3 = x3.fma(right, r3);
        FloatVector x4 = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a4 + at));
        l4 = x4.fma(left, l4);
        r4 = x4.fma(right, r4);
        FloatVector x5 = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a5 + at));
        l5 = x5.fma(left, l5);
        r5 = x5.fma(right, r5);
        FloatVector x6 = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a6 + at));
        l6 = x6.fma(left, l6);
        r6 = x6.fma(right, r6);
        FloatVector x7 = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a7 + at));
        l7 = x7.fma(left, l7);
        r7 = x7.fma(right, r7);
        FloatVector x8 = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a8 + at));
        l8 = x8.fma(left, l8);
        r8 = x8.fma(right, r8);
        FloatVector x9 = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a9 + at));
        l9 = x9.fma(left, l9);
        r9 = x9.fma(right, r9);
        FloatVector x10 = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a10 + at));
        l10 = x10.fma(left, l10);
        r10 = x10.fma(right, r10);
        FloatVector x11 = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a11 + at));
        l11 = x11.fma(left, l11);
        r11 = x11.fma(right, r11);
      }
    }
    l0.intoMemorySegment(ALL, out, ORDER);
    r0.intoMemorySegment(ALL, out + BYTES, ORDER);
    out += pitch;
    l1.intoMemorySegment(ALL, out, ORDER);
    r1.intoMemorySegment(ALL, out + BYTES, ORDER);
    out += pitch;
    l2.intoMemorySegment(ALL, out, ORDER);
    r2.intoMemorySegment(ALL, out + BYTES, ORDER);
    out += pitch;
    l3.intoMemorySegment(ALL, out, ORDER);
    r3.intoMemorySegment(ALL, out + BYTES, ORDER);
    out += pitch;
    l4.intoMemorySegment(ALL, out, ORDER);
    r4.intoMemorySegment(ALL, out + BYTES, ORDER);
    out += pitch;
    l5.intoMemorySegment(ALL, out, ORDER);
    r5.intoMemorySegment(ALL, out + BYTES, ORDER);
    out += pitch;
    l6.intoMemorySegment(ALL, out, ORDER);
    r6.intoMemorySegment(ALL, out + BYTES, ORDER);
    out += pitch;
    l7.intoMemorySegment(ALL, out, ORDER);
    r7.intoMemorySegment(ALL, out + BYTES, ORDER);
    out += pitch;
    l8.intoMemorySegment(ALL, out, ORDER);
    r8.intoMemorySegment(ALL, out + BYTES, ORDER);
    out += pitch;
    l9.intoMemorySegment(ALL, out, ORDER);
    r9.intoMemorySegment(ALL, out + BYTES, ORDER);
    out += pitch;
    l10.intoMemorySegment(ALL, out, ORDER);
    r10.intoMemorySegment(ALL, out + BYTES, ORDER);
    out += pitch;
    l11.intoMemorySegment(ALL, out, ORDER);
    r11.intoMemorySegment(ALL, out + BYTES, ORDER);
  }

  /** 6 rows; see {@link #multiply}. */
  private static void rows6(
      long rows, long tapBytes, long offset, int taps, int depth, long b, long out, long pitch) {
    FloatVector l0 = FloatVector.zero(FLOATS);
    FloatVector r0 = FloatVector.zero(FLOATS);
    FloatVector l1 = FloatVector.zero(FLOATS);
    FloatVector r1 = FloatVector.zero(FLOATS);
    FloatVector l2 = FloatVector.zero(FLOATS);
    FloatVector r2 = FloatVector.zero(FLOATS);
    FloatVector l3 = FloatVector.zero(FLOATS);
    FloatVector r3 = FloatVector.zero(FLOATS);
    FloatVector l4 = FloatVector.zero(FLOATS);
    FloatVector r4 = FloatVector.zero(FLOATS);
    FloatVector l5 = FloatVector.zero(FLOATS);
    FloatVector r5 = FloatVector.zero(FLOATS);
    for (int tap = 0; tap < taps; tap++, rows += tapBytes) {
      long a0 = ALL.get(LONG, rows) + offset;
      long a1 = ALL.get(LONG, rows + 8) + offset;
      long a2 = ALL.get(LONG, rows + 16) + offset;
      long a3 = ALL.get(LONG, rows + 24) + offset;
      long a4 = ALL.get(LONG, rows + 32) + offset;
      long a5 = ALL.get(LONG, rows + 40) + offset;
      for (int k = 0; k < depth; k++, b += PANEL_BYTES) {
        FloatVector left = FloatVector.fromMemorySegment(FLOATS, ALL, b, ORDER);
        FloatVector right = FloatVector.fromMemorySegment(FLOATS, ALL, b + BYTES, ORDER);
        long at = 4L * k;
        FloatVector x0 = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a0 + at));
        l0 = x0.fma(left, l0);
        r0 = x0.fma(right, r0);
        FloatVector x1 = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a1 + at));
        l1 = x1.fma(left, l1);
        r1 = x1.fma(right, r1);
        FloatVector x2 = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a2 + at));
        l2 = x2.fma(left, l2);
        r2 = x2.fma(right, r2);
        FloatVector x3 = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a3 + at));
        l3 = x3.fma(left, l3);
        r3 = x3.fma(right, r3);
        FloatVector x4 = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a4 + at));
        l4 = x4.fma(left, l4);
        r4 = x4.fma(right, r4);
        FloatVector x5 = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a5 + at));
        l5 = x5.fma(left, l5);
        r5 = x5.fma(right, r5);
      }
    }
    l0.intoMemorySegment(ALL, out, ORDER);
    r0.intoMemorySegment(ALL, out + BYTES, ORDER);
    out += pitch;
    l1.intoMemorySegment(ALL, out, ORDER);
    r1.intoMemorySegment(ALL, out + BYTES, ORDER);
    out += pitch;
    l2.intoMemorySegment(ALL, out, ORDER);
    r2.intoMemorySegment(ALL, out + BYTES, ORDER);
    out += pitch;
    l3.intoMemorySegment(ALL, out, ORDER);
    r3.intoMemorySegment(ALL, out + BYTES, ORDER);
    out += pitch;
    l4.intoMemorySegment(ALL, out, ORDER);
    r4.intoMemorySegment(ALL, out + BYTES, ORDER);
    out += pitch;
    l5.intoMemorySegment(ALL, out, ORDER);
    r5.intoMemorySegment(ALL, out + BYTES, ORDER);
  }

  /** 2 rows; see {@link #multiply}. */
  private static void rows2(
      long rows, long tapBytes, long offset, int taps, int depth, long b, long out, long pitch) {
    FloatVector l0 = FloatVector.zero(FLOATS);
    FloatVector r0 = FloatVector.zero(FLOATS);
    FloatVector l1 = FloatVector.zero(FLOATS);
    FloatVector r1 = FloatVector.zero(FLOATS);
    for (int tap = 0; tap < taps; tap++, rows += tapBytes) {
      long a0 = ALL.get(LONG, rows) + offset;
      long a1 = ALL.get(LONG, rows + 8) + offset;
      for (int k = 0; k < depth; k++, b += PANEL_BYTES) {
        FloatVector left = FloatVector.fromMemorySegment(FLOATS, ALL, b, ORDER);
        FloatVector right = FloatVector.fromMemorySegment(FLOATS, ALL, b + BYTES, ORDER);
        long at = 4L * k;
        FloatVector x0 = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a0 + at));
        l0 = x0.fma(left, l0);
        r0 = x0.fma(right, r0);
        FloatVector x1 = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a1 + at));
        l1 = x1.fma(left, l1);
        r1 = x1.fma(right, r1);
      }
    }
    l0.intoMemorySegment(ALL, out, ORDER);
    r0.intoMemorySegment(ALL, out + BYTES, ORDER);
    out += pitch;
    l1.intoMemorySegment(ALL, out, ORDER);
    r1.intoMemorySegment(ALL, out + BYTES, ORDER);
  }
}
