package dev.detr4j.backend.vector;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * The sines and cosines of the position codes.
 *
 * <p>Scalar, in double precision on angles that are rounded to fp32 after every operation as
 * PyTorch does: an angle of up to 2 pi carries its rounding error straight into the result.
 * Position codes of maps are computed once for each plan, those of boxes for a few hundred queries.
 */
final class SineAngles {
  static final float TWO_PI = (float) (2 * Math.PI);

  private SineAngles() {}

  /** The divisors {@code 10000^(2 floor(i / 2) / features)}, as an address of floats. */
  static long divisors(int features, Arena arena) {
    MemorySegment divisors = arena.allocate(Math.max(4, 4L * features), 64);
    for (int i = 0; i < features; i++) {
      float exponent = (float) (2 * (i / 2)) / features;
      Memory.setFloat(divisors.address() + 4L * i, (float) Math.pow(10000, exponent));
    }
    return divisors.address();
  }

  /** The features of one coordinate: sine, cosine, sine, ... */
  static void write(float coordinate, int features, long divisors, long out) {
    for (int i = 0; i < features; i++) {
      float angle = coordinate / Memory.getFloat(divisors + 4L * i);
      Memory.setFloat(out + 4L * i, (float) (i % 2 == 0 ? Math.sin(angle) : Math.cos(angle)));
    }
  }
}
