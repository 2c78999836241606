package dev.detr4j.backend.vector;

import static dev.detr4j.backend.vector.Lanes.BYTES;
import static dev.detr4j.backend.vector.Lanes.COUNT;
import static dev.detr4j.backend.vector.Lanes.FLOATS;
import static dev.detr4j.backend.vector.Lanes.INTS;
import static dev.detr4j.backend.vector.Memory.ALL;
import static dev.detr4j.backend.vector.Memory.ORDER;

import dev.detr4j.op.LevelShape;
import dev.detr4j.op.MsDeformAttention;
import java.lang.foreign.Arena;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShuffle;

/**
 * Where one query and head of deformable attention samples, and with which weights; samples along
 * the lanes.
 *
 * <p>The table of a query is {@code [groups of Lanes.COUNT samples][columns][samples of a group]},
 * so that every entry of a sample is a constant distance from its first. Columns that do not change
 * from query to query are made when the operation is bound, those with the valid ratios once a
 * tile; all of them are padded to whole vectors.
 *
 * @param samples of one query and head
 * @param columnBytes of one column over all groups
 * @param constants address of the columns width, height (floats), width, height, first cell (ints)
 * @param levelOfSample address of ints
 */
record SampleTable(
    int samples, int points, boolean box, long columnBytes, long constants, long levelOfSample) {
  // Bytes from the start of a group to its columns.
  static final int W00 = 0;
  static final int W01 = BYTES;
  static final int W10 = 2 * BYTES;
  static final int W11 = 3 * BYTES;
  static final int CELL = 4 * BYTES;

  /** Bits 1, 2, 4, 8: (x0, y0), (x0 + 1, y0), (x0, y0 + 1), (x0 + 1, y0 + 1) lie on the map. */
  static final int CORNERS = 5 * BYTES;

  static final int WIDTH = 6 * BYTES;

  /** Bytes of one group of a query's table. */
  static final int GROUP_BYTES = 7 * BYTES;

  private static final VectorShuffle<Float> EVEN = VectorShuffle.fromOp(FLOATS, i -> 2 * i % COUNT);
  private static final VectorShuffle<Float> ODD =
      VectorShuffle.fromOp(FLOATS, i -> (2 * i + 1) % COUNT);
  private static final VectorMask<Float> UPPER_HALF = FLOATS.indexInRange(0, COUNT / 2).not();

  static SampleTable of(MsDeformAttention op, Arena arena) {
    int samples = op.samples();
    int padded = (samples + COUNT - 1) / COUNT * COUNT;
    long columnBytes = 4L * padded;
    long constants = arena.allocate(5 * columnBytes, 64).address();
    long levelOfSample = arena.allocate(columnBytes, 64).address();
    int sample = 0;
    int first = 0;
    for (int l = 0; l < op.levels().size(); l++) {
      LevelShape level = op.levels().get(l);
      for (int p = 0; p < op.points(); p++, sample++) {
        long at = constants + 4L * sample;
        Memory.setFloat(at, level.width());
        Memory.setFloat(at + columnBytes, level.height());
        Memory.setInt(at + 2 * columnBytes, level.width());
        Memory.setInt(at + 3 * columnBytes, level.height());
        Memory.setInt(at + 4 * columnBytes, first);
        Memory.setInt(levelOfSample + 4L * sample, l);
      }
      first += level.cells();
    }
    return new SampleTable(
        samples, op.points(), op.referenceColumns() == 4, columnBytes, constants, levelOfSample);
  }

  /** Bytes of the table of one query. */
  long bytes() {
    return columnBytes / BYTES * GROUP_BYTES;
  }

  /**
   * Writes the two columns of scales: ratio times width, ratio times height. Zero in the padding.
   *
   * @param ratios address of the valid ratios of a batch item, (x, y) of each level
   */
  void scales(long ratios, long pitch, long to) {
    Memory.clear(to, 2 * columnBytes);
    for (int s = 0; s < samples; s++) {
      long ratio = ratios + Memory.getInt(levelOfSample + 4L * s) * pitch;
      long at = constants + 4L * s;
      Memory.setFloat(to + 4L * s, Memory.getFloat(ratio) * Memory.getFloat(at));
      Memory.setFloat(
          to + columnBytes + 4L * s,
          Memory.getFloat(ratio + 4) * Memory.getFloat(at + columnBytes));
    }
  }

  /** Whether the samples fill whole vectors, so that inputs need no padding. */
  boolean isWhole() {
    return 4L * samples == columnBytes;
  }

  /**
   * Copies the logits and offsets of one query and head, padded: logits with minus infinity,
   * offsets with zeros.
   *
   * @param to one column of logits, then two of offsets
   */
  void pad(long logits, long offsets, long to) {
    for (int s = 0; 4L * s < columnBytes; s++) {
      boolean real = s < samples;
      Memory.setFloat(
          to + 4L * s, real ? Memory.getFloat(logits + 4L * s) : Float.NEGATIVE_INFINITY);
      for (int axis = 0; axis < 2; axis++) {
        Memory.setFloat(
            to + columnBytes + 8L * s + 4L * axis,
            real ? Memory.getFloat(offsets + 8L * s + 4L * axis) : 0);
      }
    }
  }

  /**
   * Fills the tables of a group of queries, one after the other.
   *
   * @param weights address of one column a query
   * @param offsets (x, y) pairs of the first query, padded, and bytes to those of the next
   * @param reference (cx, cy[, w, h]) of the first query, and bytes to that of the next
   * @param scales address of the two columns of scales
   */
  void fill(
      int queries,
      long weights,
      long offsets,
      long offsetsPitch,
      long reference,
      long referencePitch,
      long scales,
      long tables) {
    float half = 0.5f / points;
    for (int query = 0; query < queries; query++) {
      fill(
          weights,
          offsets,
          Memory.getFloat(reference),
          Memory.getFloat(reference + 4),
          box ? Memory.getFloat(reference + 8) * half : 0,
          box ? Memory.getFloat(reference + 12) * half : 0,
          box,
          scales,
          constants,
          columnBytes,
          tables);
      weights += columnBytes;
      offsets += offsetsPitch;
      reference += referencePitch;
      tables += bytes();
    }
  }

  private static void fill(
      long weights,
      long offsets,
      float centreX,
      float centreY,
      float reachX,
      float reachY,
      boolean box,
      long scales,
      long constants,
      long columnBytes,
      long table) {
    for (long s = 0; s < columnBytes; s += BYTES, table += GROUP_BYTES) {
      FloatVector low = FloatVector.fromMemorySegment(FLOATS, ALL, offsets + 2 * s, ORDER);
      FloatVector high = FloatVector.fromMemorySegment(FLOATS, ALL, offsets + 2 * s + BYTES, ORDER);
      FloatVector x = low.rearrange(EVEN).blend(high.rearrange(EVEN), UPPER_HALF);
      FloatVector y = low.rearrange(ODD).blend(high.rearrange(ODD), UPPER_HALF);
      FloatVector scaleX = FloatVector.fromMemorySegment(FLOATS, ALL, scales + s, ORDER);
      FloatVector scaleY =
          FloatVector.fromMemorySegment(FLOATS, ALL, scales + columnBytes + s, ORDER);
      if (box) {
        x = x.mul(reachX).add(centreX).mul(scaleX).sub(0.5f);
        y = y.mul(reachY).add(centreY).mul(scaleY).sub(0.5f);
      } else {
        x = scaleX.mul(centreX).add(x.sub(0.5f));
        y = scaleY.mul(centreY).add(y.sub(0.5f));
      }
      // Held just outside the map, so that every number fits an int. NaN stays NaN.
      FloatVector width = FloatVector.fromMemorySegment(FLOATS, ALL, constants + s, ORDER);
      FloatVector height =
          FloatVector.fromMemorySegment(FLOATS, ALL, constants + columnBytes + s, ORDER);
      x = x.blend(-2.0f, x.lt(-2.0f));
      x = x.blend(width, x.compare(VectorOperators.GT, width));
      y = y.blend(-2.0f, y.lt(-2.0f));
      y = y.blend(height, y.compare(VectorOperators.GT, height));
      // A NaN in one coordinate makes the other one NaN too: such a sample becomes cell (0, 0) with
      // weights of NaN, wherever it would have been.
      FloatVector taint = x.sub(x).add(y.sub(y));
      x = x.add(taint);
      y = y.add(taint);
      // Rounded down; NaN becomes 0.
      IntVector x0 = (IntVector) x.convert(VectorOperators.F2I, 0);
      IntVector y0 = (IntVector) y.convert(VectorOperators.F2I, 0);
      FloatVector cutX = (FloatVector) x0.convert(VectorOperators.I2F, 0);
      FloatVector cutY = (FloatVector) y0.convert(VectorOperators.I2F, 0);
      x0 = x0.blend(x0.sub(1), cutX.compare(VectorOperators.GT, x).cast(INTS));
      y0 = y0.blend(y0.sub(1), cutY.compare(VectorOperators.GT, y).cast(INTS));
      FloatVector fx = x.sub((FloatVector) x0.convert(VectorOperators.I2F, 0));
      FloatVector fy = y.sub((FloatVector) y0.convert(VectorOperators.I2F, 0));
      FloatVector weight = FloatVector.fromMemorySegment(FLOATS, ALL, weights + s, ORDER);
      FloatVector bottom = weight.mul(fy);
      FloatVector top = weight.sub(bottom);
      FloatVector topRight = top.mul(fx);
      FloatVector bottomRight = bottom.mul(fx);
      top.sub(topRight).intoMemorySegment(ALL, table + W00, ORDER);
      topRight.intoMemorySegment(ALL, table + W01, ORDER);
      bottom.sub(bottomRight).intoMemorySegment(ALL, table + W10, ORDER);
      bottomRight.intoMemorySegment(ALL, table + W11, ORDER);
      IntVector columns =
          IntVector.fromMemorySegment(INTS, ALL, constants + 2 * columnBytes + s, ORDER);
      IntVector rows =
          IntVector.fromMemorySegment(INTS, ALL, constants + 3 * columnBytes + s, ORDER);
      IntVector first =
          IntVector.fromMemorySegment(INTS, ALL, constants + 4 * columnBytes + s, ORDER);
      columns.intoMemorySegment(ALL, table + WIDTH, ORDER);
      y0.mul(columns).add(x0).add(first).intoMemorySegment(ALL, table + CELL, ORDER);
      // Unsigned, so that one comparison refuses both sides. Padding has maps of no cells.
      IntVector zero = IntVector.zero(INTS);
      IntVector side =
          zero.blend(5, x0.compare(VectorOperators.ULT, columns))
              .add(zero.blend(10, x0.add(1).compare(VectorOperators.ULT, columns)));
      IntVector half =
          zero.blend(3, y0.compare(VectorOperators.ULT, rows))
              .add(zero.blend(12, y0.add(1).compare(VectorOperators.ULT, rows)));
      side.and(half).intoMemorySegment(ALL, table + CORNERS, ORDER);
    }
  }
}
