package dev.detr4j.backend.vector;

import static dev.detr4j.backend.vector.Lanes.BYTES;
import static dev.detr4j.backend.vector.Lanes.FLOATS;
import static dev.detr4j.backend.vector.Memory.ALL;
import static dev.detr4j.backend.vector.Memory.ORDER;

import jdk.incubator.vector.FloatVector;

/**
 * Boxes moved apart by class, as five columns (xMin, yMin, xMax, yMax, area) padded to pairs of
 * vectors, and their overlaps. Every operation is rounded to fp32, as in the projects that define
 * the results.
 */
final class ClassBoxes {
  static final int COLUMNS = 5;
  private static final long PAIR = 2L * BYTES;

  private ClassBoxes() {}

  /** Bytes of one column: pairs of vectors. */
  static long columnBytes(int count) {
    return (4L * count + PAIR - 1) / PAIR * PAIR;
  }

  /** Fills the columns; the padding holds zeros. */
  static void move(Rows boxes, long labels, int count, long to) {
    long column = columnBytes(count);
    float largest = Float.NEGATIVE_INFINITY;
    for (int i = 0; i < count; i++) {
      for (int c = 0; c < 4; c++) {
        largest = Math.max(largest, Memory.getFloat(boxes.row(0, i) + 4L * c));
      }
    }
    Memory.clear(to, COLUMNS * column);
    for (int i = 0; i < count; i++) {
      float offset = Memory.getInt(labels + 4L * i) * (largest + 1);
      long at = to + 4L * i;
      for (int c = 0; c < 4; c++) {
        Memory.setFloat(at + c * column, Memory.getFloat(boxes.row(0, i) + 4L * c) + offset);
      }
      float width = Memory.getFloat(at + 2 * column) - Memory.getFloat(at);
      float height = Memory.getFloat(at + 3 * column) - Memory.getFloat(at + column);
      Memory.setFloat(at + 4 * column, width * height);
    }
  }

  /**
   * Writes intersection over union of one box with those of the first {@code length} bytes of the
   * columns, a multiple of pairs of vectors; NaN where the union is empty.
   *
   * <p>Two vectors at a time, which makes this longer than the 325 bytes of bytecode up to which C2
   * inlines hot methods. With one it was 323 long: inlined into the loop over the boxes, together
   * with all that decays scores, it met C2's bound on the nodes of one compilation in every other
   * run, and what was left of it allocated a box for each vector for good.
   */
  static void overlaps(long boxes, long column, long length, int one, long to) {
    FloatVector left = FloatVector.broadcast(FLOATS, Memory.getFloat(boxes + 4L * one));
    FloatVector top = FloatVector.broadcast(FLOATS, Memory.getFloat(boxes + column + 4L * one));
    FloatVector right =
        FloatVector.broadcast(FLOATS, Memory.getFloat(boxes + 2 * column + 4L * one));
    FloatVector bottom =
        FloatVector.broadcast(FLOATS, Memory.getFloat(boxes + 3 * column + 4L * one));
    FloatVector area =
        FloatVector.broadcast(FLOATS, Memory.getFloat(boxes + 4 * column + 4L * one));
    for (long i = 0; i < length; i += PAIR) {
      long x0 = boxes + i;
      long y0 = x0 + column;
      long x1 = y0 + column;
      long y1 = x1 + column;
      long areas = y1 + column;
      FloatVector shared =
          right
              .min(FloatVector.fromMemorySegment(FLOATS, ALL, x1, ORDER))
              .sub(left.max(FloatVector.fromMemorySegment(FLOATS, ALL, x0, ORDER)))
              .max(0.0f)
              .mul(
                  bottom
                      .min(FloatVector.fromMemorySegment(FLOATS, ALL, y1, ORDER))
                      .sub(top.max(FloatVector.fromMemorySegment(FLOATS, ALL, y0, ORDER)))
                      .max(0.0f));
      FloatVector next =
          right
              .min(FloatVector.fromMemorySegment(FLOATS, ALL, x1 + BYTES, ORDER))
              .sub(left.max(FloatVector.fromMemorySegment(FLOATS, ALL, x0 + BYTES, ORDER)))
              .max(0.0f)
              .mul(
                  bottom
                      .min(FloatVector.fromMemorySegment(FLOATS, ALL, y1 + BYTES, ORDER))
                      .sub(top.max(FloatVector.fromMemorySegment(FLOATS, ALL, y0 + BYTES, ORDER)))
                      .max(0.0f));
      shared
          .div(area.add(FloatVector.fromMemorySegment(FLOATS, ALL, areas, ORDER)).sub(shared))
          .intoMemorySegment(ALL, to + i, ORDER);
      next.div(area.add(FloatVector.fromMemorySegment(FLOATS, ALL, areas + BYTES, ORDER)).sub(next))
          .intoMemorySegment(ALL, to + i + BYTES, ORDER);
    }
  }
}
