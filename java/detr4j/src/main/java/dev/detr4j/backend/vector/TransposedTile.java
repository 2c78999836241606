package dev.detr4j.backend.vector;

import static dev.detr4j.backend.vector.Lanes.BYTES;
import static dev.detr4j.backend.vector.Lanes.FLOATS;
import static dev.detr4j.backend.vector.Memory.ADDRESS;
import static dev.detr4j.backend.vector.Memory.ALL;
import static dev.detr4j.backend.vector.Memory.FLOAT_AT;
import static dev.detr4j.backend.vector.Memory.ORDER;
import static dev.detr4j.backend.vector.RegisterTile.PANEL_BYTES;

import jdk.incubator.vector.FloatVector;

/**
 * The register tile of products that sum over rows: {@code sums[6][columns] += dz[row][6]
 * x[row][columns]} for some rows. As {@link GemmTile}, which says why there are six rows and named
 * locals; here the factors of a row of dz lie side by side.
 */
final class TransposedTile {
  private TransposedTile() {}

  /**
   * Adds the products of some rows.
   *
   * @param dz address of the first row's six factors
   * @param pitch bytes from one row of dz to the next
   * @param x address of the packed panel, a row of {@link RegisterTile#TILE_COLUMNS} for each
   * @param sums address of six rows of {@link RegisterTile#TILE_COLUMNS} sums
   */
  static void add(long dz, long pitch, long x, int rows, long sums) {
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
    for (int row = 0; row < rows; row++, dz += pitch, x += PANEL_BYTES) {
      long panel = x & ADDRESS;
      FloatVector left = FloatVector.fromMemorySegment(FLOATS, ALL, panel, ORDER);
      FloatVector right = FloatVector.fromMemorySegment(FLOATS, ALL, panel + BYTES, ORDER);
      long factors = dz & ADDRESS;
      FloatVector x0 = FloatVector.broadcast(FLOATS, (float) FLOAT_AT.get(ALL, factors));
      l0 = x0.fma(left, l0);
      r0 = x0.fma(right, r0);
      FloatVector x1 = FloatVector.broadcast(FLOATS, (float) FLOAT_AT.get(ALL, factors + 4));
      l1 = x1.fma(left, l1);
      r1 = x1.fma(right, r1);
      FloatVector x2 = FloatVector.broadcast(FLOATS, (float) FLOAT_AT.get(ALL, factors + 8));
      l2 = x2.fma(left, l2);
      r2 = x2.fma(right, r2);
      FloatVector x3 = FloatVector.broadcast(FLOATS, (float) FLOAT_AT.get(ALL, factors + 12));
      l3 = x3.fma(left, l3);
      r3 = x3.fma(right, r3);
      FloatVector x4 = FloatVector.broadcast(FLOATS, (float) FLOAT_AT.get(ALL, factors + 16));
      l4 = x4.fma(left, l4);
      r4 = x4.fma(right, r4);
      FloatVector x5 = FloatVector.broadcast(FLOATS, (float) FLOAT_AT.get(ALL, factors + 20));
      l5 = x5.fma(left, l5);
      r5 = x5.fma(right, r5);
    }
    l0.add(FloatVector.fromMemorySegment(FLOATS, ALL, sums, ORDER))
        .intoMemorySegment(ALL, sums, ORDER);
    r0.add(FloatVector.fromMemorySegment(FLOATS, ALL, sums + BYTES, ORDER))
        .intoMemorySegment(ALL, sums + BYTES, ORDER);
    sums += PANEL_BYTES;
    l1.add(FloatVector.fromMemorySegment(FLOATS, ALL, sums, ORDER))
        .intoMemorySegment(ALL, sums, ORDER);
    r1.add(FloatVector.fromMemorySegment(FLOATS, ALL, sums + BYTES, ORDER))
        .intoMemorySegment(ALL, sums + BYTES, ORDER);
    sums += PANEL_BYTES;
    l2.add(FloatVector.fromMemorySegment(FLOATS, ALL, sums, ORDER))
        .intoMemorySegment(ALL, sums, ORDER);
    r2.add(FloatVector.fromMemorySegment(FLOATS, ALL, sums + BYTES, ORDER))
        .intoMemorySegment(ALL, sums + BYTES, ORDER);
    sums += PANEL_BYTES;
    l3.add(FloatVector.fromMemorySegment(FLOATS, ALL, sums, ORDER))
        .intoMemorySegment(ALL, sums, ORDER);
    r3.add(FloatVector.fromMemorySegment(FLOATS, ALL, sums + BYTES, ORDER))
        .intoMemorySegment(ALL, sums + BYTES, ORDER);
    sums += PANEL_BYTES;
    l4.add(FloatVector.fromMemorySegment(FLOATS, ALL, sums, ORDER))
        .intoMemorySegment(ALL, sums, ORDER);
    r4.add(FloatVector.fromMemorySegment(FLOATS, ALL, sums + BYTES, ORDER))
        .intoMemorySegment(ALL, sums + BYTES, ORDER);
    sums += PANEL_BYTES;
    l5.add(FloatVector.fromMemorySegment(FLOATS, ALL, sums, ORDER))
        .intoMemorySegment(ALL, sums, ORDER);
    r5.add(FloatVector.fromMemorySegment(FLOATS, ALL, sums + BYTES, ORDER))
        .intoMemorySegment(ALL, sums + BYTES, ORDER);
  }
}
