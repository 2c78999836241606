package dev.detr4j.image;

import dev.detr4j.error.ImageException;
import dev.detr4j.op.ResamplingTable;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Carries out a {@link ResamplingPlan} with plain loops: the oracle of the backends' resize kernels
 * and good enough for tools. Stateless; allocates nothing.
 */
public final class PlainResampler {
  private PlainResampler() {}

  /**
   * Resizes an RGB image.
   *
   * @param source the image; its size must be {@code plan.source()}
   * @param intermediate scratch memory of at least {@code plan.intermediateBytes()} bytes,
   *     overwritten
   * @param target packed RGB, at least {@code 3 * width * height} bytes of {@code plan.target()};
   *     must not overlap the source
   * @throws IllegalArgumentException when the plan makes floats, which no bytes hold
   */
  public static void resize(
      ImageView source, ResamplingPlan plan, MemorySegment intermediate, MemorySegment target) {
    ResamplingTable horizontal = plan.horizontal();
    ResamplingTable vertical = plan.vertical();
    if (source.format() != PixelFormat.RGB) {
      throw new IllegalArgumentException("expected RGB, got " + source.format());
    }
    if (source.width() != horizontal.sourceSize() || source.height() != vertical.sourceSize()) {
      throw new ImageException(
          "image of "
              + source.width()
              + "x"
              + source.height()
              + " pixels does not fit a plan for "
              + plan.source());
    }
    switch (plan.arithmetic()) {
      case ROUND_EACH_PASS -> {
        for (int y = 0; y < source.height(); y++) {
          row(
              source.pixels(),
              y * source.rowStride(),
              horizontal,
              intermediate,
              3L * y * horizontal.size());
        }
        columns(intermediate, 3 * horizontal.size(), vertical, target);
      }
      case OPENCV_LINEAR -> {
        for (int y = 0; y < source.height(); y++) {
          unroundedRow(
              source.pixels(),
              y * source.rowStride(),
              horizontal,
              intermediate,
              12L * y * horizontal.size());
        }
        openCvColumns(intermediate, 3 * horizontal.size(), vertical, target);
      }
      case LINEAR_F32 -> throw new IllegalArgumentException("the plan makes floats, not bytes");
    }
  }

  private static void row(
      MemorySegment source, long from, ResamplingTable table, MemorySegment target, long to) {
    int[] weights = table.weights();
    int shift = table.precision();
    for (int x = 0; x < table.size(); x++) {
      long first = from + 3L * table.start()[x];
      int half = 1 << (shift - 1);
      int red = half;
      int green = half;
      int blue = half;
      for (int j = 0; j < table.count()[x]; j++) {
        int weight = weights[x * table.maxCount() + j];
        red += weight * at(source, first + 3L * j);
        green += weight * at(source, first + 3L * j + 1);
        blue += weight * at(source, first + 3L * j + 2);
      }
      put(target, to + 3L * x, red >> shift);
      put(target, to + 3L * x + 1, green >> shift);
      put(target, to + 3L * x + 2, blue >> shift);
    }
  }

  private static void columns(
      MemorySegment source, int rowBytes, ResamplingTable table, MemorySegment target) {
    int[] weights = table.weights();
    int shift = table.precision();
    for (int y = 0; y < table.size(); y++) {
      long first = (long) table.start()[y] * rowBytes;
      for (int x = 0; x < rowBytes; x++) {
        int sum = 1 << (shift - 1);
        for (int j = 0; j < table.count()[y]; j++) {
          sum += weights[y * table.maxCount() + j] * at(source, first + (long) j * rowBytes + x);
        }
        put(target, (long) y * rowBytes + x, sum >> shift);
      }
    }
  }

  private static void unroundedRow(
      MemorySegment source, long from, ResamplingTable table, MemorySegment target, long to) {
    int last = table.sourceSize() - 1;
    for (int x = 0; x < table.size(); x++) {
      int start = table.start()[x];
      long first = from + 3L * Math.max(start, 0);
      long second = from + 3L * Math.min(start + 1, last);
      for (int c = 0; c < 3; c++) {
        int sum =
            table.weights()[2 * x] * at(source, first + c)
                + table.weights()[2 * x + 1] * at(source, second + c);
        target.set(ValueLayout.JAVA_INT_UNALIGNED, to + 4L * (3L * x + c), sum);
      }
    }
  }

  private static void openCvColumns(
      MemorySegment source, int rowSamples, ResamplingTable table, MemorySegment target) {
    int last = table.sourceSize() - 1;
    for (int y = 0; y < table.size(); y++) {
      long first = (long) Math.clamp(table.start()[y], 0, last) * rowSamples;
      long second = (long) Math.min(table.start()[y] + 1, last) * rowSamples;
      int upper = table.weights()[2 * y];
      int lower = table.weights()[2 * y + 1];
      for (int x = 0; x < rowSamples; x++) {
        int above = source.get(ValueLayout.JAVA_INT_UNALIGNED, 4L * (first + x)) >> 4;
        int below = source.get(ValueLayout.JAVA_INT_UNALIGNED, 4L * (second + x)) >> 4;
        put(
            target,
            (long) y * rowSamples + x,
            (((upper * above) >> 16) + ((lower * below) >> 16) + 2) >> 2);
      }
    }
  }

  private static int at(MemorySegment segment, long offset) {
    return segment.get(ValueLayout.JAVA_BYTE, offset) & 0xff;
  }

  private static void put(MemorySegment segment, long offset, int value) {
    segment.set(ValueLayout.JAVA_BYTE, offset, (byte) Math.clamp(value, 0, 255));
  }
}
