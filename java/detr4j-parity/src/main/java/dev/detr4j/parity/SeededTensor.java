package dev.detr4j.parity;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;

/**
 * A tensor whose values come from a formula of its name, so that a golden set needs no weight
 * files.
 *
 * <p>Element {@code i} (row-major) is {@code (float) (base + scale * (2u - 1))}, where {@code u} in
 * [0, 1) is the upper 53 bits of SplitMix64 (Steele, Lea and Flood 2014) at step {@code i + 1} from
 * the state {@code seed + FNV-1a-64(UTF-8 of key)}. Every step is rounded to double, without fused
 * multiply-add. Elements are independent of each other, so that any range can be filled by any
 * thread.
 */
public record SeededTensor(String key, long seed, double base, double scale) {
  private static final long FNV_OFFSET = 0xcbf29ce484222325L;
  private static final long FNV_PRIME = 0x100000001b3L;
  private static final long GAMMA = 0x9E3779B97F4A7C15L;

  /** FNV-1a-64 of the UTF-8 bytes of a key. */
  public static long hash(String key) {
    long hash = FNV_OFFSET;
    for (byte b : key.getBytes(StandardCharsets.UTF_8)) {
      hash = (hash ^ (b & 0xff)) * FNV_PRIME;
    }
    return hash;
  }

  /** One element. */
  public float at(long index) {
    return value(seed + hash(key) + (index + 1) * GAMMA);
  }

  /**
   * Writes {@code count} elements, beginning with element {@code from}, as fp32 in native byte
   * order.
   *
   * @param destination at least {@code 4 * count} bytes; element {@code from} goes to its start
   */
  public void fill(MemorySegment destination, long from, long count) {
    long state = seed + hash(key) + from * GAMMA;
    for (long i = 0; i < count; i++) {
      state += GAMMA;
      destination.set(ValueLayout.JAVA_FLOAT_UNALIGNED, 4 * i, value(state));
    }
  }

  private float value(long state) {
    long z = (state ^ (state >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    z ^= z >>> 31;
    double u = (z >>> 11) * 0x1.0p-53;
    return (float) (base + scale * (2.0 * u - 1.0));
  }
}
