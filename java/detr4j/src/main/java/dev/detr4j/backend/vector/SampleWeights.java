package dev.detr4j.backend.vector;

import static dev.detr4j.backend.vector.Lanes.BYTES;
import static dev.detr4j.backend.vector.Lanes.FLOATS;
import static dev.detr4j.backend.vector.Memory.ALL;
import static dev.detr4j.backend.vector.Memory.ORDER;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * The softmax over the samples of one head, for a group of queries.
 *
 * <p>Each step is taken for the whole group before the next one: the chain from a query's logits to
 * its sum is long and would leave the processor idle, those of several queries run side by side.
 */
final class SampleWeights {
  private SampleWeights() {}

  /**
   * Writes e^(logit - largest logit) of each query, and what they are multiplied by to add up to 1.
   *
   * @param logits of the first query, padded with minus infinity to whole vectors
   * @param pitch bytes from one query's logits to the next one's
   * @param columnBytes of one query's logits
   * @param to {@code columnBytes} for each query
   * @param factors a float for each query; NaN where a logit is
   * @param lanes address of one vector for what is known only meanwhile
   */
  static void write(
      long logits, long pitch, int queries, long columnBytes, long to, long factors, long lanes) {
    for (int q = 0; q < queries; q++) {
      subtractLargest(logits + q * pitch, columnBytes, to + q * columnBytes);
    }
    Exponential.write(to, to, (int) (queries * columnBytes / 4), 1, 0, 0);
    for (int q = 0; q < queries; q++) {
      Memory.setFloat(factors + 4L * q, 1 / sum(to + q * columnBytes, columnBytes, lanes));
    }
  }

  private static void subtractLargest(long logits, long columnBytes, long to) {
    FloatVector largest = FloatVector.fromMemorySegment(FLOATS, ALL, logits, ORDER);
    for (long at = BYTES; at < columnBytes; at += BYTES) {
      FloatVector x = FloatVector.fromMemorySegment(FLOATS, ALL, logits + at, ORDER);
      largest = largest.blend(x, x.compare(VectorOperators.GT, largest));
    }
    largest.intoMemorySegment(ALL, to, ORDER);
    float subtrahend = AcrossLanes.largest(to);
    for (long at = 0; at < columnBytes; at += BYTES) {
      FloatVector.fromMemorySegment(FLOATS, ALL, logits + at, ORDER)
          .sub(subtrahend)
          .intoMemorySegment(ALL, to + at, ORDER);
    }
  }

  private static float sum(long weights, long columnBytes, long lanes) {
    FloatVector sum = FloatVector.fromMemorySegment(FLOATS, ALL, weights, ORDER);
    for (long at = BYTES; at < columnBytes; at += BYTES) {
      sum = sum.add(FloatVector.fromMemorySegment(FLOATS, ALL, weights + at, ORDER));
    }
    sum.intoMemorySegment(ALL, lanes, ORDER);
    return AcrossLanes.sum(lanes);
  }
}
