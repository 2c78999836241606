package dev.detr4j.backend.vector;

import static dev.detr4j.backend.vector.Lanes.BYTES;
import static dev.detr4j.backend.vector.Lanes.COUNT;
import static dev.detr4j.backend.vector.Lanes.FLOATS;
import static dev.detr4j.backend.vector.Memory.ADDRESS;
import static dev.detr4j.backend.vector.Memory.ALL;
import static dev.detr4j.backend.vector.Memory.FLOAT;
import static dev.detr4j.backend.vector.Memory.INT;
import static dev.detr4j.backend.vector.Memory.ORDER;
import static dev.detr4j.backend.vector.SampleTable.CELL;
import static dev.detr4j.backend.vector.SampleTable.CORNERS;
import static dev.detr4j.backend.vector.SampleTable.GROUP_BYTES;
import static dev.detr4j.backend.vector.SampleTable.W00;
import static dev.detr4j.backend.vector.SampleTable.W01;
import static dev.detr4j.backend.vector.SampleTable.W10;
import static dev.detr4j.backend.vector.SampleTable.W11;
import static dev.detr4j.backend.vector.SampleTable.WIDTH;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/**
 * The weighted sum over the samples of one query and head, channels along the lanes.
 *
 * <pre>
 *   p          p + pitch        a += w00 p[..]     b += w01 p[pitch ..]
 *   q          q + pitch        a += w10 q[..]     b += w11 q[pitch ..]       q: one row of cells below p
 * </pre>
 *
 * A corner off the map is neither read nor multiplied, so that no other cell's NaN or infinity
 * reaches the sum. Two sums for each vector, so that a sum need not wait for the one before it. The
 * loops over samples end at an address and have no count: what C2 would prove ahead of a counted
 * loop about its addresses costs a seventh of the whole, for 16 samples.
 *
 * <p>Parameters of every method: the {@link SampleTable} of the query, the address of the head's
 * first channel in the first cell, bytes from cell to cell, the factor that ends the softmax, and
 * where the channels go.
 */
final class SampleSum {
  private SampleSum() {}

  /** 4 vectors of channels; see the class. */
  static void four(long table, int samples, long value, long pitch, float factor, long out) {
    FloatVector a0 = FloatVector.zero(FLOATS);
    FloatVector a1 = FloatVector.zero(FLOATS);
    FloatVector a2 = FloatVector.zero(FLOATS);
    FloatVector a3 = FloatVector.zero(FLOATS);
    FloatVector b0 = FloatVector.zero(FLOATS);
    FloatVector b1 = FloatVector.zero(FLOATS);
    FloatVector b2 = FloatVector.zero(FLOATS);
    FloatVector b3 = FloatVector.zero(FLOATS);
    for (int first = 0; first < samples; first += COUNT, table += GROUP_BYTES) {
      long end = table + 4L * Math.min(COUNT, samples - first);
      for (long entry = table; entry != end; entry += 4) {
        long at = entry & ADDRESS;
        int corners = ALL.get(INT, at + CORNERS);
        long p = (value + ALL.get(INT, at + CELL) * pitch) & ADDRESS;
        long q = (p + ALL.get(INT, at + WIDTH) * pitch) & ADDRESS;
        if ((corners & 1) != 0) {
          FloatVector w00 = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, at + W00));
          a0 = w00.fma(FloatVector.fromMemorySegment(FLOATS, ALL, p, ORDER), a0);
          a1 = w00.fma(FloatVector.fromMemorySegment(FLOATS, ALL, p + BYTES, ORDER), a1);
          a2 = w00.fma(FloatVector.fromMemorySegment(FLOATS, ALL, p + 2L * BYTES, ORDER), a2);
          a3 = w00.fma(FloatVector.fromMemorySegment(FLOATS, ALL, p + 3L * BYTES, ORDER), a3);
        }
        if ((corners & 2) != 0) {
          long r = (p + pitch) & ADDRESS;
          FloatVector w01 = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, at + W01));
          b0 = w01.fma(FloatVector.fromMemorySegment(FLOATS, ALL, r, ORDER), b0);
          b1 = w01.fma(FloatVector.fromMemorySegment(FLOATS, ALL, r + BYTES, ORDER), b1);
          b2 = w01.fma(FloatVector.fromMemorySegment(FLOATS, ALL, r + 2L * BYTES, ORDER), b2);
          b3 = w01.fma(FloatVector.fromMemorySegment(FLOATS, ALL, r + 3L * BYTES, ORDER), b3);
        }
        if ((corners & 4) != 0) {
          FloatVector w10 = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, at + W10));
          a0 = w10.fma(FloatVector.fromMemorySegment(FLOATS, ALL, q, ORDER), a0);
          a1 = w10.fma(FloatVector.fromMemorySegment(FLOATS, ALL, q + BYTES, ORDER), a1);
          a2 = w10.fma(FloatVector.fromMemorySegment(FLOATS, ALL, q + 2L * BYTES, ORDER), a2);
          a3 = w10.fma(FloatVector.fromMemorySegment(FLOATS, ALL, q + 3L * BYTES, ORDER), a3);
        }
        if ((corners & 8) != 0) {
          long r = (q + pitch) & ADDRESS;
          FloatVector w11 = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, at + W11));
          b0 = w11.fma(FloatVector.fromMemorySegment(FLOATS, ALL, r, ORDER), b0);
          b1 = w11.fma(FloatVector.fromMemorySegment(FLOATS, ALL, r + BYTES, ORDER), b1);
          b2 = w11.fma(FloatVector.fromMemorySegment(FLOATS, ALL, r + 2L * BYTES, ORDER), b2);
          b3 = w11.fma(FloatVector.fromMemorySegment(FLOATS, ALL, r + 3L * BYTES, ORDER), b3);
        }
      }
    }
    a0.add(b0).mul(factor).intoMemorySegment(ALL, out, ORDER);
    a1.add(b1).mul(factor).intoMemorySegment(ALL, out + BYTES, ORDER);
    a2.add(b2).mul(factor).intoMemorySegment(ALL, out + 2L * BYTES, ORDER);
    a3.add(b3).mul(factor).intoMemorySegment(ALL, out + 3L * BYTES, ORDER);
  }

  /** 2 vectors of channels; see the class. */
  static void two(long table, int samples, long value, long pitch, float factor, long out) {
    FloatVector a0 = FloatVector.zero(FLOATS);
    FloatVector a1 = FloatVector.zero(FLOATS);
    FloatVector b0 = FloatVector.zero(FLOATS);
    FloatVector b1 = FloatVector.zero(FLOATS);
    for (int first = 0; first < samples; first += COUNT, table += GROUP_BYTES) {
      long end = table + 4L * Math.min(COUNT, samples - first);
      for (long entry = table; entry != end; entry += 4) {
        long at = entry & ADDRESS;
        int corners = ALL.get(INT, at + CORNERS);
        long p = (value + ALL.get(INT, at + CELL) * pitch) & ADDRESS;
        long q = (p + ALL.get(INT, at + WIDTH) * pitch) & ADDRESS;
        if ((corners & 1) != 0) {
          FloatVector w00 = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, at + W00));
          a0 = w00.fma(FloatVector.fromMemorySegment(FLOATS, ALL, p, ORDER), a0);
          a1 = w00.fma(FloatVector.fromMemorySegment(FLOATS, ALL, p + BYTES, ORDER), a1);
        }
        if ((corners & 2) != 0) {
          long r = (p + pitch) & ADDRESS;
          FloatVector w01 = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, at + W01));
          b0 = w01.fma(FloatVector.fromMemorySegment(FLOATS, ALL, r, ORDER), b0);
          b1 = w01.fma(FloatVector.fromMemorySegment(FLOATS, ALL, r + BYTES, ORDER), b1);
        }
        if ((corners & 4) != 0) {
          FloatVector w10 = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, at + W10));
          a0 = w10.fma(FloatVector.fromMemorySegment(FLOATS, ALL, q, ORDER), a0);
          a1 = w10.fma(FloatVector.fromMemorySegment(FLOATS, ALL, q + BYTES, ORDER), a1);
        }
        if ((corners & 8) != 0) {
          long r = (q + pitch) & ADDRESS;
          FloatVector w11 = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, at + W11));
          b0 = w11.fma(FloatVector.fromMemorySegment(FLOATS, ALL, r, ORDER), b0);
          b1 = w11.fma(FloatVector.fromMemorySegment(FLOATS, ALL, r + BYTES, ORDER), b1);
        }
      }
    }
    a0.add(b0).mul(factor).intoMemorySegment(ALL, out, ORDER);
    a1.add(b1).mul(factor).intoMemorySegment(ALL, out + BYTES, ORDER);
  }

  /** One vector of channels or the first {@code channels} of it. */
  static void upToOne(
      long table, int samples, long value, long pitch, float factor, long out, int channels) {
    VectorMask<Float> mask = FLOATS.indexInRange(0, channels);
    FloatVector sum = FloatVector.zero(FLOATS);
    for (int s = 0; s < samples; s++) {
      long entry = table + (long) (s / COUNT) * GROUP_BYTES + 4L * (s % COUNT);
      int corners = ALL.get(INT, entry + CORNERS);
      long p = value + ALL.get(INT, entry + CELL) * pitch;
      long q = p + ALL.get(INT, entry + WIDTH) * pitch;
      for (int corner = 0; corner < 4; corner++) {
        if ((corners >> corner & 1) != 0) {
          float weight = ALL.get(FLOAT, entry + (long) corner * BYTES);
          long at = (corner < 2 ? p : q) + (corner & 1) * pitch;
          sum =
              FloatVector.fromMemorySegment(FLOATS, ALL, at, ORDER, mask)
                  .fma(FloatVector.broadcast(FLOATS, weight), sum);
        }
      }
    }
    sum.mul(factor).intoMemorySegment(ALL, out, ORDER, mask);
  }

  /** The weights of all corners on a map, before the softmax is ended. */
  static float weights(long table, int samples) {
    float sum = 0;
    for (int s = 0; s < samples; s++) {
      long entry = table + (long) (s / COUNT) * GROUP_BYTES + 4L * (s % COUNT);
      int corners = ALL.get(INT, entry + CORNERS);
      for (int corner = 0; corner < 4; corner++) {
        if ((corners >> corner & 1) != 0) {
          sum += ALL.get(FLOAT, entry + (long) corner * BYTES);
        }
      }
    }
    return sum;
  }
}
