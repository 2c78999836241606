package dev.detr4j.backend.vector;

import static dev.detr4j.backend.vector.Lanes.BYTES;
import static dev.detr4j.backend.vector.Lanes.FLOATS;
import static dev.detr4j.backend.vector.Memory.ALL;
import static dev.detr4j.backend.vector.Memory.ORDER;

import jdk.incubator.vector.FloatVector;

/**
 * Boxes moved apart by class, as five columns (xMin, yMin, xMax, yMax, area) padded to whole
 * vectors, and their overlaps. Every operation is rounded to fp32, as in the projects that define
 * the results.
 */
final class ClassBoxes {
  static final int COLUMNS = 5;

  private ClassBoxes() {}

  /** Bytes of one column. */
  static long columnBytes(int count) {
    return (4L * count + BYTES - 1) / BYTES * BYTES;
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

  /** Writes intersection over union of one box with all; NaN where the union is empty. */
  static void overlaps(long boxes, long column, int one, long to) {
    FloatVector left = FloatVector.broadcast(FLOATS, Memory.getFloat(boxes + 4L * one));
    FloatVector top = FloatVector.broadcast(FLOATS, Memory.getFloat(boxes + column + 4L * one));
    FloatVector right =
        FloatVector.broadcast(FLOATS, Memory.getFloat(boxes + 2 * column + 4L * one));
    FloatVector bottom =
        FloatVector.broadcast(FLOATS, Memory.getFloat(boxes + 3 * column + 4L * one));
    FloatVector area =
        FloatVector.broadcast(FLOATS, Memory.getFloat(boxes + 4 * column + 4L * one));
    for (long i = 0; i < column; i += BYTES) {
      FloatVector width =
          right
              .min(FloatVector.fromMemorySegment(FLOATS, ALL, boxes + 2 * column + i, ORDER))
              .sub(left.max(FloatVector.fromMemorySegment(FLOATS, ALL, boxes + i, ORDER)))
              .max(0.0f);
      FloatVector height =
          bottom
              .min(FloatVector.fromMemorySegment(FLOATS, ALL, boxes + 3 * column + i, ORDER))
              .sub(top.max(FloatVector.fromMemorySegment(FLOATS, ALL, boxes + column + i, ORDER)))
              .max(0.0f);
      FloatVector shared = width.mul(height);
      FloatVector union =
          area.add(FloatVector.fromMemorySegment(FLOATS, ALL, boxes + 4 * column + i, ORDER))
              .sub(shared);
      shared.div(union).intoMemorySegment(ALL, to + i, ORDER);
    }
  }
}
