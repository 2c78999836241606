package dev.detr4j.backend.vector;

import static dev.detr4j.backend.vector.Lanes.COUNT;
import static dev.detr4j.backend.vector.Lanes.FLOATS;
import static dev.detr4j.backend.vector.Memory.ALL;
import static dev.detr4j.backend.vector.Memory.ORDER;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShuffle;

/**
 * One number from all lanes of a vector in memory: halves against halves until every lane holds it.
 *
 * <pre>
 *   a b c d  with  c d a b  gives  ac bd ac bd,  with  bd ac bd ac  gives  abcd abcd abcd abcd
 * </pre>
 *
 * Not {@code reduceLanes}, which adds in one order while it is interpreted and in another once C2
 * has compiled it (the first calls of a detector would differ from later ones in the last bit), and
 * whose maximum costs more because it looks at NaN and at the signs of zeros.
 */
final class AcrossLanes {
  private static final VectorShuffle<Float> BY_8 = swap(8);
  private static final VectorShuffle<Float> BY_4 = swap(4);
  private static final VectorShuffle<Float> BY_2 = swap(2);
  private static final VectorShuffle<Float> BY_1 = swap(1);

  private AcrossLanes() {}

  private static VectorShuffle<Float> swap(int distance) {
    return VectorShuffle.fromOp(FLOATS, i -> (i ^ distance) % COUNT);
  }

  /** The sum of the vector at an address. */
  static float sum(long lanes) {
    FloatVector sum = FloatVector.fromMemorySegment(FLOATS, ALL, lanes, ORDER);
    if (COUNT > 8) {
      sum = sum.add(sum.rearrange(BY_8));
    }
    if (COUNT > 4) {
      sum = sum.add(sum.rearrange(BY_4));
    }
    sum = sum.add(sum.rearrange(BY_2));
    sum = sum.add(sum.rearrange(BY_1));
    return sum.lane(0);
  }

  /** The largest lane of the vector at an address; some lane or NaN where one of them is NaN. */
  static float largest(long lanes) {
    FloatVector largest = FloatVector.fromMemorySegment(FLOATS, ALL, lanes, ORDER);
    if (COUNT > 8) {
      FloatVector other = largest.rearrange(BY_8);
      largest = largest.blend(other, other.compare(VectorOperators.GT, largest));
    }
    if (COUNT > 4) {
      FloatVector other = largest.rearrange(BY_4);
      largest = largest.blend(other, other.compare(VectorOperators.GT, largest));
    }
    FloatVector pairs = largest.rearrange(BY_2);
    largest = largest.blend(pairs, pairs.compare(VectorOperators.GT, largest));
    FloatVector single = largest.rearrange(BY_1);
    return largest.blend(single, single.compare(VectorOperators.GT, largest)).lane(0);
  }
}
