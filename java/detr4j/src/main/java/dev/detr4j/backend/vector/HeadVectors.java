package dev.detr4j.backend.vector;

import static dev.detr4j.backend.vector.Lanes.COUNT;
import static dev.detr4j.backend.vector.Lanes.FLOATS;
import static dev.detr4j.backend.vector.Memory.ALL;
import static dev.detr4j.backend.vector.Memory.ORDER;

import jdk.incubator.vector.FloatVector;

/**
 * Steps of the gradients of attentions: rows and matrices of one head in scratch, in whole vectors.
 */
final class HeadVectors {
  private HeadVectors() {}

  /** {@code out[count] = factor * row[depth] * matrix[depth][count]}; count is whole vectors. */
  static void rowTimes(long row, long matrix, int depth, int count, float factor, long out) {
    for (int j = 0; j < count; j += COUNT) {
      FloatVector sum = FloatVector.zero(FLOATS);
      long at = matrix + 4L * j;
      for (int d = 0; d < depth; d++, at += 4L * count) {
        sum =
            FloatVector.broadcast(FLOATS, Memory.getFloat(row + 4L * d))
                .fma(FloatVector.fromMemorySegment(FLOATS, ALL, at, ORDER), sum);
      }
      sum.mul(factor).intoMemorySegment(ALL, out + 4L * j, ORDER);
    }
  }

  /** The lanes of the product of two rows of whole vectors. */
  static void dot(long a, long b, int count, long lanes) {
    FloatVector sum = FloatVector.zero(FLOATS);
    for (int j = 0; j < count; j += COUNT) {
      sum =
          FloatVector.fromMemorySegment(FLOATS, ALL, a + 4L * j, ORDER)
              .fma(FloatVector.fromMemorySegment(FLOATS, ALL, b + 4L * j, ORDER), sum);
    }
    sum.intoMemorySegment(ALL, lanes, ORDER);
  }

  /** {@code to += factor * from}, whole vectors. */
  static void add(float factor, long from, long to, int count) {
    FloatVector times = FloatVector.broadcast(FLOATS, factor);
    for (int j = 0; j < count; j += COUNT) {
      FloatVector.fromMemorySegment(FLOATS, ALL, from + 4L * j, ORDER)
          .fma(times, FloatVector.fromMemorySegment(FLOATS, ALL, to + 4L * j, ORDER))
          .intoMemorySegment(ALL, to + 4L * j, ORDER);
    }
  }

  /** {@code values = factor * weights * (values - centre)}, whole vectors. */
  static void scores(long weights, long values, int count, float centre, float factor) {
    for (int j = 0; j < count; j += COUNT) {
      FloatVector.fromMemorySegment(FLOATS, ALL, values + 4L * j, ORDER)
          .sub(centre)
          .mul(FloatVector.fromMemorySegment(FLOATS, ALL, weights + 4L * j, ORDER))
          .mul(factor)
          .intoMemorySegment(ALL, values + 4L * j, ORDER);
    }
  }

  /**
   * The softmax of {@code count} scores in place; those up to a whole vector become 0.
   *
   * @param lanes memory for one vector
   */
  static void softmax(long scores, int count, long lanes) {
    int whole = (count + COUNT - 1) / COUNT * COUNT;
    float largest = Float.NEGATIVE_INFINITY;
    for (int i = 0; i < count; i++) {
      float score = Memory.getFloat(scores + 4L * i);
      largest = score > largest || Float.isNaN(score) ? score : largest;
    }
    for (int i = count; i < whole; i++) {
      Memory.setFloat(scores + 4L * i, Float.NEGATIVE_INFINITY);
    }
    Exponential.write(scores, scores, whole, 1, largest, lanes);
    float share = 1 / AcrossLanes.sum(lanes);
    for (int i = 0; i < whole; i += COUNT) {
      FloatVector.fromMemorySegment(FLOATS, ALL, scores + 4L * i, ORDER)
          .mul(share)
          .intoMemorySegment(ALL, scores + 4L * i, ORDER);
    }
  }
}
