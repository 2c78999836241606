package dev.detr4j.backend.vector;

import static dev.detr4j.backend.vector.Lanes.COUNT;
import static dev.detr4j.backend.vector.Lanes.FLOATS;
import static dev.detr4j.backend.vector.Memory.ALL;
import static dev.detr4j.backend.vector.Memory.ORDER;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/**
 * The exponential function from memory to memory.
 *
 * <p>A loop and not a function of one vector: such a function is inlined or not depending on what
 * else its caller has inlined and on whether it was compiled before, and where it is not, every
 * vector is boxed.
 */
final class Exponential {
  /** 1.5 * 2^23: adding it rounds to an integer, held in the low bits. */
  private static final float MAGIC = 12582912f;

  private static final int MAGIC_BITS = Float.floatToRawIntBits(MAGIC);

  private Exponential() {}

  /**
   * Writes e^(scale x - shift) within 2 ulp; 0 for minus infinity, NaN stays.
   *
   * <p>The product is rounded before the difference, as {@link #largest} rounds it: then the
   * largest exponent is exactly 0. A fused multiply-add would leave the rounding of the largest
   * product, which is millions where a score is 1e14, and the sum of a softmax overflows or is 0.
   *
   * @param from address of {@code count} floats, readable up to a whole vector
   * @param to address of as many, writable up to a whole vector; may be {@code from}
   * @param sum address where a vector is left whose lanes add up to what was written; 0 where
   *     nobody asks
   */
  static void write(long from, long to, int count, float scale, float shift, long sum) {
    int whole = count / COUNT * COUNT;
    VectorMask<Float> tail = FLOATS.indexInRange(whole, count);
    FloatVector factor = FloatVector.broadcast(FLOATS, scale);
    FloatVector subtrahend = FloatVector.broadcast(FLOATS, shift);
    FloatVector total = FloatVector.zero(FLOATS);
    for (int i = 0; i < count; i += COUNT) {
      FloatVector x =
          FloatVector.fromMemorySegment(FLOATS, ALL, from + 4L * i, ORDER)
              .mul(factor)
              .sub(subtrahend);
      // By comparison and not by min and max, which cost more because they look at NaN and zeros.
      x = x.blend(-104f, x.lt(-104f));
      x = x.blend(89f, x.compare(VectorOperators.GT, 89f));
      FloatVector shifted =
          x.fma(FloatVector.broadcast(FLOATS, 1.442695f), FloatVector.broadcast(FLOATS, MAGIC));
      FloatVector n = shifted.sub(MAGIC);
      // n ln 2 in two parts, so that the remainder keeps all its bits.
      FloatVector r = n.fma(FloatVector.broadcast(FLOATS, -0.6933594f), x);
      r = n.fma(FloatVector.broadcast(FLOATS, 0.00021219444f), r);
      // e^r for |r| up to half of ln 2: its Taylor series.
      FloatVector e = FloatVector.broadcast(FLOATS, 1f / 5040);
      e = e.fma(r, FloatVector.broadcast(FLOATS, 1f / 720));
      e = e.fma(r, FloatVector.broadcast(FLOATS, 1f / 120));
      e = e.fma(r, FloatVector.broadcast(FLOATS, 1f / 24));
      e = e.fma(r, FloatVector.broadcast(FLOATS, 1f / 6));
      e = e.fma(r, FloatVector.broadcast(FLOATS, 0.5f));
      e = e.mul(r).fma(r, r).add(1f);
      // 2^n as two factors, because it may lie outside the range of one float.
      IntVector power = shifted.reinterpretAsInts().sub(MAGIC_BITS);
      IntVector half = power.lanewise(VectorOperators.ASHR, 1);
      IntVector low = half.add(127).lanewise(VectorOperators.LSHL, 23);
      IntVector high = power.sub(half).add(127).lanewise(VectorOperators.LSHL, 23);
      e = e.mul(low.reinterpretAsFloats()).mul(high.reinterpretAsFloats());
      e.intoMemorySegment(ALL, to + 4L * i, ORDER);
      total = total.add(i < whole ? e : FloatVector.zero(FLOATS).blend(e, tail));
    }
    if (sum != 0) {
      total.intoMemorySegment(ALL, sum, ORDER);
    }
  }

  /**
   * The largest of {@code count} scaled values, NaN left out; minus infinity when there is none.
   *
   * @param from address of {@code count} floats, readable up to a whole vector
   */
  static float largest(long from, int count, float scale) {
    FloatVector factor = FloatVector.broadcast(FLOATS, scale);
    FloatVector largest = FloatVector.broadcast(FLOATS, Float.NEGATIVE_INFINITY);
    int i = 0;
    for (; i + COUNT <= count; i += COUNT) {
      FloatVector x = FloatVector.fromMemorySegment(FLOATS, ALL, from + 4L * i, ORDER).mul(factor);
      largest = largest.blend(x, x.compare(VectorOperators.GT, largest));
    }
    if (i < count) {
      FloatVector x = FloatVector.fromMemorySegment(FLOATS, ALL, from + 4L * i, ORDER).mul(factor);
      VectorMask<Float> larger = x.compare(VectorOperators.GT, largest);
      largest = largest.blend(x, larger.and(FLOATS.indexInRange(i, count)));
    }
    return largest.reduceLanes(VectorOperators.MAX);
  }
}
