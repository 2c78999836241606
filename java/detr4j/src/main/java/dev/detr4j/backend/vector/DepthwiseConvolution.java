package dev.detr4j.backend.vector;

import static dev.detr4j.backend.vector.Lanes.COUNT;
import static dev.detr4j.backend.vector.Lanes.FLOATS;
import static dev.detr4j.backend.vector.Memory.ADDRESS;
import static dev.detr4j.backend.vector.Memory.ALL;
import static dev.detr4j.backend.vector.Memory.FLOAT;
import static dev.detr4j.backend.vector.Memory.LONG;
import static dev.detr4j.backend.vector.Memory.ORDER;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.op.Activation;
import dev.detr4j.op.Convolution;
import dev.detr4j.tensor.Weight;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/**
 * A convolution whose every channel has its own kernel: channels along the lanes, one output pixel
 * at a time. A tile is one output row. Weights are {@code [tap][channels padded to a tile]}.
 *
 * <p>Scratch: zeros for padding, the addresses of the taps of a pixel, the sums of a pixel.
 */
record DepthwiseConvolution(
    Window window,
    int channels,
    Maps maps,
    PackedWeights weights,
    long weightPitch,
    Activation activation)
    implements HostKernel {

  static DepthwiseConvolution bind(
      Convolution op, Window window, Maps maps, BoundNode node, HostContext context) {
    int channels = op.inChannels();
    int padded = padded(channels);
    MemorySegment weight = pack(context, node.weight(0), channels, padded, window.kernelArea());
    return new DepthwiseConvolution(
        window,
        channels,
        maps,
        new PackedWeights(
            weight.address(), PanelBias.address(context, node.weightOrNull(1), channels, 1)),
        4L * padded,
        op.activation());
  }

  private static int padded(int channels) {
    return (channels + RegisterTile.TILE_COLUMNS - 1)
        / RegisterTile.TILE_COLUMNS
        * RegisterTile.TILE_COLUMNS;
  }

  private static MemorySegment pack(
      HostContext context, Weight weight, int channels, int padded, int taps) {
    return context
        .weights()
        .packed(
            weight,
            "depthwise/" + RegisterTile.TILE_COLUMNS,
            4L * taps * padded,
            (values, packed) -> {
              for (int c = 0; c < channels; c++) {
                for (int t = 0; t < taps; t++) {
                  packed.set(
                      FLOAT, 4L * ((long) t * padded + c), values.get(FLOAT, 4L * (c * taps + t)));
                }
              }
            });
  }

  @Override
  public int tiles() {
    return Math.max(1, maps.batch() * window.outHeight());
  }

  @Override
  public long scratchBytes() {
    return zerosBytes()
        + Memory.aligned(8L * window.kernelArea())
        + weightPitch
        + RegisterTile.PANEL_BYTES;
  }

  private long zerosBytes() {
    return Memory.aligned(weightPitch);
  }

  @Override
  public void run(int tile, MemorySegment scratch) {
    int item = tile / window.outHeight();
    int outRow = tile % window.outHeight();
    if (item >= maps.batch()) {
      return;
    }
    long zeros = scratch.address();
    long taps = zeros + zerosBytes();
    long sums = taps + Memory.aligned(8L * window.kernelArea());
    Memory.clear(zeros, zerosBytes());
    if (isNarrow()) {
      narrowRow(item, outRow, zeros, maps.out().row(item, (long) outRow * window.outWidth()));
      return;
    }
    for (int outColumn = 0; outColumn < window.outWidth(); outColumn++) {
      pointAtTaps(item, outRow, outColumn, zeros, taps);
      multiply(taps, window.kernelArea(), channels, weights.weight(), weightPitch, sums);
      finish(item, (long) outRow * window.outWidth() + outColumn, sums);
    }
  }

  /** Whether a pixel is one vector or less, and little is fused. */
  private boolean isNarrow() {
    return channels <= COUNT
        && maps.residual().address() == 0
        && (activation == Activation.NONE || activation == Activation.RELU);
  }

  /** A row of pixels that are one vector each: neither addresses nor sums go through memory. */
  private void narrowRow(int item, int outRow, long zeros, long out) {
    VectorMask<Float> mask = FLOATS.indexInRange(0, channels);
    FloatVector bias = FloatVector.fromMemorySegment(FLOATS, ALL, weights.bias(), ORDER);
    // Below the floor a sum becomes the floor; by comparison, so that NaN stays.
    FloatVector floor =
        FloatVector.broadcast(
            FLOATS, activation == Activation.RELU ? 0.0f : Float.NEGATIVE_INFINITY);
    int height = window.kernelHeight();
    int width = window.kernelWidth();
    for (int outColumn = 0; outColumn < window.outWidth(); outColumn++, out += maps.out().pitch()) {
      FloatVector sum = FloatVector.zero(FLOATS);
      long w = weights.weight();
      for (int ky = 0; ky < height; ky++) {
        int row = window.row(outRow, ky);
        long pixels = maps.x().row(item, (long) row * window.inWidth());
        for (int kx = 0; kx < width; kx++, w += weightPitch) {
          int column = window.column(outColumn, kx);
          long p = window.inside(row, column) ? pixels + column * maps.x().pitch() : zeros;
          sum =
              FloatVector.fromMemorySegment(FLOATS, ALL, p & ADDRESS, ORDER, mask)
                  .fma(FloatVector.fromMemorySegment(FLOATS, ALL, w & ADDRESS, ORDER), sum);
        }
      }
      sum = sum.add(bias);
      sum.blend(floor, sum.lt(floor)).intoMemorySegment(ALL, out & ADDRESS, ORDER, mask);
    }
  }

  private void pointAtTaps(int item, int outRow, int outColumn, long zeros, long taps) {
    long entry = taps;
    for (int ky = 0; ky < window.kernelHeight(); ky++) {
      int row = window.row(outRow, ky);
      for (int kx = 0; kx < window.kernelWidth(); kx++, entry += 8) {
        int column = window.column(outColumn, kx);
        Memory.setLong(
            entry,
            window.inside(row, column)
                ? maps.x().row(item, (long) row * window.inWidth() + column)
                : zeros);
      }
    }
  }

  private static void multiply(
      long taps, int count, int channels, long weight, long weightPitch, long sums) {
    int c = 0;
    for (; c + 4 * COUNT <= channels; c += 4 * COUNT) {
      four(taps, count, 4L * c, weight, weightPitch, sums);
    }
    for (; c + COUNT <= channels; c += COUNT) {
      one(taps, count, 4L * c, weight, weightPitch, sums);
    }
    for (; c < channels; c++) {
      float sum = 0;
      for (int t = 0; t < count; t++) {
        float value = ALL.get(FLOAT, ALL.get(LONG, taps + 8L * t) + 4L * c);
        sum = Math.fma(value, ALL.get(FLOAT, weight + t * weightPitch + 4L * c), sum);
      }
      ALL.set(FLOAT, sums + 4L * c, sum);
    }
  }

  private static void four(
      long taps, int count, long at, long weight, long weightPitch, long sums) {
    FloatVector s0 = FloatVector.zero(FLOATS);
    FloatVector s1 = FloatVector.zero(FLOATS);
    FloatVector s2 = FloatVector.zero(FLOATS);
    FloatVector s3 = FloatVector.zero(FLOATS);
    for (int t = 0; t < count; t++) {
      long p = (ALL.get(LONG, taps + 8L * t) + at) & ADDRESS;
      long w = (weight + t * weightPitch + at) & ADDRESS;
      s0 =
          FloatVector.fromMemorySegment(FLOATS, ALL, p, ORDER)
              .fma(FloatVector.fromMemorySegment(FLOATS, ALL, w, ORDER), s0);
      s1 =
          FloatVector.fromMemorySegment(FLOATS, ALL, p + Lanes.BYTES, ORDER)
              .fma(FloatVector.fromMemorySegment(FLOATS, ALL, w + Lanes.BYTES, ORDER), s1);
      s2 =
          FloatVector.fromMemorySegment(FLOATS, ALL, p + 2L * Lanes.BYTES, ORDER)
              .fma(FloatVector.fromMemorySegment(FLOATS, ALL, w + 2L * Lanes.BYTES, ORDER), s2);
      s3 =
          FloatVector.fromMemorySegment(FLOATS, ALL, p + 3L * Lanes.BYTES, ORDER)
              .fma(FloatVector.fromMemorySegment(FLOATS, ALL, w + 3L * Lanes.BYTES, ORDER), s3);
    }
    s0.intoMemorySegment(ALL, sums + at, ORDER);
    s1.intoMemorySegment(ALL, sums + at + Lanes.BYTES, ORDER);
    s2.intoMemorySegment(ALL, sums + at + 2L * Lanes.BYTES, ORDER);
    s3.intoMemorySegment(ALL, sums + at + 3L * Lanes.BYTES, ORDER);
  }

  private static void one(long taps, int count, long at, long weight, long weightPitch, long sums) {
    FloatVector s = FloatVector.zero(FLOATS);
    for (int t = 0; t < count; t++) {
      s =
          FloatVector.fromMemorySegment(FLOATS, ALL, ALL.get(LONG, taps + 8L * t) + at, ORDER)
              .fma(
                  FloatVector.fromMemorySegment(FLOATS, ALL, weight + t * weightPitch + at, ORDER),
                  s);
    }
    s.intoMemorySegment(ALL, sums + at, ORDER);
  }

  private void finish(int item, long pixel, long sums) {
    long skip = maps.residual().rowOrZero(item, pixel);
    // The last ones first, because the epilogue may use what follows its sums.
    int last = (channels - 1) / RegisterTile.TILE_COLUMNS * RegisterTile.TILE_COLUMNS;
    for (int c = last; c >= 0; c -= RegisterTile.TILE_COLUMNS) {
      TileEpilogue.finish(
          sums + 4L * c,
          1,
          Math.min(RegisterTile.TILE_COLUMNS, channels - c),
          weights.bias() + 4L * c,
          skip == 0 ? 0 : skip + 4L * c,
          0,
          maps.out().row(item, pixel) + 4L * c,
          0,
          activation);
    }
  }
}
