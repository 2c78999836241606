package dev.detr4j.bench.peer;

import java.nio.charset.StandardCharsets;

/**
 * Normalised pixels by formula, so that every runtime and language gets the same input without a
 * file: the values of {@code uniform("input", 7, (1, 3, height, width), 0, 2)} in {@code
 * peers/python/formula.py}.
 *
 * @param channelsFirst {@code [3, height, width]}
 */
public record FormulaPixels(int height, int width, float[] channelsFirst) {
  private static final String KEY = "input";
  private static final long SEED = 7;
  private static final double SCALE = 2;

  /** The pixels of an image of this size. */
  public static FormulaPixels of(int height, int width) {
    float[] pixels = new float[3 * height * width];
    long state = SEED + fnv1a(KEY);
    for (int i = 0; i < pixels.length; i++) {
      state += 0x9E3779B97F4A7C15L;
      long z = state;
      z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
      z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
      z ^= z >>> 31;
      double unit = (z >>> 11) * 0x1.0p-53;
      pixels[i] = (float) (SCALE * (2.0 * unit - 1.0));
    }
    return new FormulaPixels(height, width, pixels);
  }

  /** The same pixels as {@code [height, width, 3]}. */
  public float[] channelsLast() {
    int area = height * width;
    float[] pixels = new float[channelsFirst.length];
    for (int i = 0; i < area; i++) {
      for (int c = 0; c < 3; c++) {
        pixels[3 * i + c] = channelsFirst[c * area + i];
      }
    }
    return pixels;
  }

  private static long fnv1a(String text) {
    long hash = 0xcbf29ce484222325L;
    for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
      hash ^= b & 0xff;
      hash *= 0x100000001b3L;
    }
    return hash;
  }
}
