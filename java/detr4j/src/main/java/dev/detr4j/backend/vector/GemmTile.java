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
 * The register tile that every matrix product goes through: {@code out[rows][columns] =
 * A[rows][depth] * B[depth][columns]}.
 *
 * <p>The plan and its drawing are those of {@code native/src/gemm_tile.h}, with 6 rows at every
 * width: {@link RegisterTile#TILE_ROWS} rows x 2 vectors of accumulators, 2 vectors of B, one
 * broadcast of A. A is an address for each row and tap (indirection, as in Dukhan 2019), B a packed
 * panel {@code [taps][depth][TILE_COLUMNS]}. A row's result depends on that row alone and is summed
 * in the order of tap and depth, however many rows the tile has.
 *
 * <p>Six rows, not the twelve of C, because both compilers have limits that a larger method meets.
 * With 12 rows C1 runs out of virtual registers when it compiles with profiling, and HotSpot may
 * then stay with unprofiled code for good; with 8 C2 reaches NodeCountInliningCutoff, and what it
 * leaves out boxes. Either way a product is a hundred times slower, in some JVMs and not in others.
 * 6 rows reach 108 GFLOP/s where 12 reach 112 (one core with 117).
 *
 * <p>The accumulators are named locals and the Vector API is called directly: an array of vectors
 * boxes (30 times slower), and so does a helper method that C2 declines to inline because the
 * method has become large.
 */
final class GemmTile {
  /** The longest tap for the loop that suits short ones. */
  private static final int SHORT = 64;

  private GemmTile() {}

  /**
   * Multiplies {@link RegisterTile#TILE_ROWS} rows, or two when no more are valid, by one panel.
   *
   * @param rows address of the first row's address under the first tap; the table has an entry for
   *     every row of the tile, valid or not
   * @param tapBytes bytes from one tap's entries to the next one's
   * @param offset bytes to add to every row address: the first channel of a group
   * @param valid rows that matter; rows past them may be written or not
   * @param b address of the panel
   * @param out where the sums go: {@link RegisterTile#TILE_ROWS} rows of {@link
   *     RegisterTile#TILE_COLUMNS} floats
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
    if (valid > 2 && depth <= SHORT) {
      rows6Short(rows, tapBytes, offset, taps, depth, b, out, pitch);
    } else if (valid > 2) {
      rows6(rows, tapBytes, offset, taps, depth, b, out, pitch);
    } else {
      rows2(rows, tapBytes, offset, taps, depth, b, out, pitch);
    }
  }

  /** 6 rows; see {@link #multiply}. */
  private static void rows6(
      long rows, long tapBytes, long offset, int taps, int depth, long b, long out, long pitch) {
    FloatVector zero = FloatVector.zero(FLOATS);
    FloatVector l0 = zero;
    FloatVector r0 = zero;
    FloatVector l1 = zero;
    FloatVector r1 = zero;
    FloatVector l2 = zero;
    FloatVector r2 = zero;
    FloatVector l3 = zero;
    FloatVector r3 = zero;
    FloatVector l4 = zero;
    FloatVector r4 = zero;
    FloatVector l5 = zero;
    FloatVector r5 = zero;
    for (int tap = 0; tap < taps; tap++, rows += tapBytes) {
      long a0 = ((long) LONG_AT.get(ALL, rows) + offset) & ADDRESS;
      long a1 = ((long) LONG_AT.get(ALL, rows + 8) + offset) & ADDRESS;
      long a2 = ((long) LONG_AT.get(ALL, rows + 16) + offset) & ADDRESS;
      long a3 = ((long) LONG_AT.get(ALL, rows + 24) + offset) & ADDRESS;
      long a4 = ((long) LONG_AT.get(ALL, rows + 32) + offset) & ADDRESS;
      long a5 = ((long) LONG_AT.get(ALL, rows + 40) + offset) & ADDRESS;
      long panel = b & ADDRESS;
      b += (long) depth * PANEL_BYTES;
      for (int k = 0; k < depth; k++) {
        long from = panel + (long) PANEL_BYTES * k;
        FloatVector left = FloatVector.fromMemorySegment(FLOATS, ALL, from, ORDER);
        FloatVector right = FloatVector.fromMemorySegment(FLOATS, ALL, from + BYTES, ORDER);
        long at = 4L * k;
        FloatVector x0 = FloatVector.broadcast(FLOATS, (float) FLOAT_AT.get(ALL, a0 + at));
        l0 = x0.fma(left, l0);
        r0 = x0.fma(right, r0);
        FloatVector x1 = FloatVector.broadcast(FLOATS, (float) FLOAT_AT.get(ALL, a1 + at));
        l1 = x1.fma(left, l1);
        r1 = x1.fma(right, r1);
        FloatVector x2 = FloatVector.broadcast(FLOATS, (float) FLOAT_AT.get(ALL, a2 + at));
        l2 = x2.fma(left, l2);
        r2 = x2.fma(right, r2);
        FloatVector x3 = FloatVector.broadcast(FLOATS, (float) FLOAT_AT.get(ALL, a3 + at));
        l3 = x3.fma(left, l3);
        r3 = x3.fma(right, r3);
        FloatVector x4 = FloatVector.broadcast(FLOATS, (float) FLOAT_AT.get(ALL, a4 + at));
        l4 = x4.fma(left, l4);
        r4 = x4.fma(right, r4);
        FloatVector x5 = FloatVector.broadcast(FLOATS, (float) FLOAT_AT.get(ALL, a5 + at));
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

  /**
   * 6 rows and a short tap. The loop ends at an address and has no count, so that C2 does not split
   * it in three: up to 64 products, the parts cost more than the checks of every address.
   */
  private static void rows6Short(
      long rows, long tapBytes, long offset, int taps, int depth, long b, long out, long pitch) {
    FloatVector zero = FloatVector.zero(FLOATS);
    FloatVector l0 = zero;
    FloatVector r0 = zero;
    FloatVector l1 = zero;
    FloatVector r1 = zero;
    FloatVector l2 = zero;
    FloatVector r2 = zero;
    FloatVector l3 = zero;
    FloatVector r3 = zero;
    FloatVector l4 = zero;
    FloatVector r4 = zero;
    FloatVector l5 = zero;
    FloatVector r5 = zero;
    for (int tap = 0; tap < taps; tap++, rows += tapBytes) {
      long a0 = (long) LONG_AT.get(ALL, rows) + offset;
      long a1 = (long) LONG_AT.get(ALL, rows + 8) + offset;
      long a2 = (long) LONG_AT.get(ALL, rows + 16) + offset;
      long a3 = (long) LONG_AT.get(ALL, rows + 24) + offset;
      long a4 = (long) LONG_AT.get(ALL, rows + 32) + offset;
      long a5 = (long) LONG_AT.get(ALL, rows + 40) + offset;
      long end = b + (long) depth * PANEL_BYTES;
      for (long at = 0; b != end; b += PANEL_BYTES, at += 4) {
        long panel = b & ADDRESS;
        FloatVector left = FloatVector.fromMemorySegment(FLOATS, ALL, panel, ORDER);
        FloatVector right = FloatVector.fromMemorySegment(FLOATS, ALL, panel + BYTES, ORDER);
        FloatVector x0 =
            FloatVector.broadcast(FLOATS, (float) FLOAT_AT.get(ALL, (a0 + at) & ADDRESS));
        l0 = x0.fma(left, l0);
        r0 = x0.fma(right, r0);
        FloatVector x1 =
            FloatVector.broadcast(FLOATS, (float) FLOAT_AT.get(ALL, (a1 + at) & ADDRESS));
        l1 = x1.fma(left, l1);
        r1 = x1.fma(right, r1);
        FloatVector x2 =
            FloatVector.broadcast(FLOATS, (float) FLOAT_AT.get(ALL, (a2 + at) & ADDRESS));
        l2 = x2.fma(left, l2);
        r2 = x2.fma(right, r2);
        FloatVector x3 =
            FloatVector.broadcast(FLOATS, (float) FLOAT_AT.get(ALL, (a3 + at) & ADDRESS));
        l3 = x3.fma(left, l3);
        r3 = x3.fma(right, r3);
        FloatVector x4 =
            FloatVector.broadcast(FLOATS, (float) FLOAT_AT.get(ALL, (a4 + at) & ADDRESS));
        l4 = x4.fma(left, l4);
        r4 = x4.fma(right, r4);
        FloatVector x5 =
            FloatVector.broadcast(FLOATS, (float) FLOAT_AT.get(ALL, (a5 + at) & ADDRESS));
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
    FloatVector zero = FloatVector.zero(FLOATS);
    FloatVector l0 = zero;
    FloatVector r0 = zero;
    FloatVector l1 = zero;
    FloatVector r1 = zero;
    for (int tap = 0; tap < taps; tap++, rows += tapBytes) {
      long a0 = ((long) LONG_AT.get(ALL, rows) + offset) & ADDRESS;
      long a1 = ((long) LONG_AT.get(ALL, rows + 8) + offset) & ADDRESS;
      long panel = b & ADDRESS;
      b += (long) depth * PANEL_BYTES;
      for (int k = 0; k < depth; k++) {
        long from = panel + (long) PANEL_BYTES * k;
        FloatVector left = FloatVector.fromMemorySegment(FLOATS, ALL, from, ORDER);
        FloatVector right = FloatVector.fromMemorySegment(FLOATS, ALL, from + BYTES, ORDER);
        long at = 4L * k;
        FloatVector x0 = FloatVector.broadcast(FLOATS, (float) FLOAT_AT.get(ALL, a0 + at));
        l0 = x0.fma(left, l0);
        r0 = x0.fma(right, r0);
        FloatVector x1 = FloatVector.broadcast(FLOATS, (float) FLOAT_AT.get(ALL, a1 + at));
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
