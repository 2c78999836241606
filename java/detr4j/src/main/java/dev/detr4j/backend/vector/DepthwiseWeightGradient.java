package dev.detr4j.backend.vector;

import static dev.detr4j.backend.vector.Lanes.BYTES;
import static dev.detr4j.backend.vector.Lanes.COUNT;
import static dev.detr4j.backend.vector.Lanes.FLOATS;
import static dev.detr4j.backend.vector.Memory.ALL;
import static dev.detr4j.backend.vector.Memory.ORDER;

import dev.detr4j.backend.host.HostKernel;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/**
 * The weight gradient of a depthwise convolution, a vector of channels a tile: the sums of all taps
 * lie in scratch, and each pixel adds to those that are on the map.
 */
record DepthwiseWeightGradient(
    VectorWeightGradient.Geometry of, Rows x, Rows dz, VectorWeightGradient.Sums sums)
    implements HostKernel {
  @Override
  public int tiles() {
    return (of.inChannels() + COUNT - 1) / COUNT;
  }

  @Override
  public long scratchBytes() {
    return (of.window().area() + 1L) * BYTES;
  }

  @Override
  public void run(int tile, MemorySegment scratch) {
    int channel = tile * COUNT;
    int count = Math.min(COUNT, of.inChannels() - channel);
    long total = scratch.address();
    Memory.clear(total, scratchBytes());
    for (int item = 0; item < of.batch(); item++) {
      for (int row = 0; row < of.outHeight(); row++) {
        for (int column = 0; column < of.outWidth(); column++) {
          pixel(item, row, column, channel, count, total);
        }
      }
    }
    write(channel, count, total);
  }

  private void pixel(int item, int row, int column, int channel, int count, long total) {
    long up = dz.row(item, (long) row * of.outWidth() + column) + 4L * channel;
    int width = of.window().width();
    for (int ky = 0; ky < of.window().height(); ky++) {
      int y = of.inRow(row, ky);
      if (y < 0 || y >= of.inHeight()) {
        continue;
      }
      for (int kx = 0; kx < width; kx++) {
        int at = of.inColumn(column, kx);
        if (at >= 0 && at < of.inWidth()) {
          add(
              up,
              x.row(item, (long) y * of.inWidth() + at) + 4L * channel,
              total + (long) (ky * width + kx) * BYTES,
              count);
        }
      }
    }
    addOnly(up, total + (long) of.window().area() * BYTES, count);
  }

  private static void add(long a, long b, long sum, int count) {
    if (count == COUNT) {
      FloatVector.fromMemorySegment(FLOATS, ALL, a, ORDER)
          .fma(
              FloatVector.fromMemorySegment(FLOATS, ALL, b, ORDER),
              FloatVector.fromMemorySegment(FLOATS, ALL, sum, ORDER))
          .intoMemorySegment(ALL, sum, ORDER);
    } else {
      for (long i = 0; i < 4L * count; i += 4) {
        Memory.setFloat(
            sum + i,
            Math.fma(Memory.getFloat(a + i), Memory.getFloat(b + i), Memory.getFloat(sum + i)));
      }
    }
  }

  private static void addOnly(long a, long sum, int count) {
    for (long i = 0; i < 4L * count; i += 4) {
      Memory.setFloat(sum + i, Memory.getFloat(sum + i) + Memory.getFloat(a + i));
    }
  }

  private void write(int channel, int count, long total) {
    int taps = of.window().area();
    for (int c = 0; c < count; c++) {
      for (int tap = 0; tap < taps; tap++) {
        long at = 4L * ((long) (channel + c) * taps + tap);
        Memory.setFloat(
            sums.after() + at,
            Memory.getFloat(sums.before() + at)
                + Memory.getFloat(total + (long) tap * BYTES + 4L * c));
      }
      if (sums.biasAfter() != 0) {
        long at = 4L * (channel + c);
        Memory.setFloat(
            sums.biasAfter() + at,
            Memory.getFloat(sums.biasBefore() + at)
                + Memory.getFloat(total + (long) taps * BYTES + 4L * c));
      }
    }
  }
}
