package dev.detr4j.train.random;

import java.nio.charset.StandardCharsets;

/**
 * Random numbers that are a function of a few keys and a counter: SplitMix64's mixing (Steele, Lea
 * and Flood 2014) over the keys, then over the counter. Nothing has to be stored to draw the same
 * numbers again, and the order in which threads draw does not matter. Not for secrets.
 */
public final class CounterRandom {
  private static final long GAMMA = 0x9E3779B97F4A7C15L;

  private final long state;
  private long counter;

  /** A row of numbers of its own for every combination of keys. */
  public CounterRandom(long... keys) {
    long mixed = 0;
    for (long key : keys) {
      mixed = mix(mixed + GAMMA + mix(key + GAMMA));
    }
    state = mixed;
  }

  /** The first number of a row, all 64 bits. */
  public static long at(long... keys) {
    return new CounterRandom(keys).nextLong();
  }

  /** A key from text: FNV-1a-64 of its UTF-8 bytes. */
  public static long key(String text) {
    long hash = 0xcbf29ce484222325L;
    for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
      hash = (hash ^ (b & 0xff)) * 0x100000001b3L;
    }
    return hash;
  }

  private static long mix(long z) {
    long a = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    long b = (a ^ (a >>> 27)) * 0x94D049BB133111EBL;
    return b ^ (b >>> 31);
  }

  /** All 64 bits. */
  public long nextLong() {
    return mix(state + ++counter * GAMMA);
  }

  /** From 0, included, to 1, excluded. */
  public double nextDouble() {
    return (nextLong() >>> 11) * 0x1.0p-53;
  }

  /** From the first number to the second. */
  public double between(double least, double most) {
    return least + (most - least) * nextDouble();
  }

  /** A whole number, both bounds included. The bias is below 2^-40 for bounds of pictures. */
  public int wholeBetween(int least, int most) {
    long span = (long) most - least + 1;
    return (int) (least + Math.unsignedMultiplyHigh(nextLong(), span));
  }

  /** True with a probability. */
  public boolean chance(double probability) {
    return nextDouble() < probability;
  }

  /** A number of the standard normal distribution (Box and Muller 1958). */
  public double nextGaussian() {
    double radius = Math.sqrt(-2 * StrictMath.log(1 - nextDouble()));
    return radius * StrictMath.cos(2 * Math.PI * nextDouble());
  }

  /** The numbers 0 to count - 1 in an order of their own (Fisher and Yates 1938). */
  public int[] permutation(int count) {
    int[] order = new int[count];
    for (int i = 0; i < count; i++) {
      order[i] = i;
    }
    for (int i = count - 1; i > 0; i--) {
      int j = wholeBetween(0, i);
      int kept = order[i];
      order[i] = order[j];
      order[j] = kept;
    }
    return order;
  }
}
