package dev.detr4j.backend.vector;

import static dev.detr4j.backend.vector.Lanes.BYTES;
import static dev.detr4j.backend.vector.Lanes.COUNT;
import static dev.detr4j.backend.vector.Lanes.FLOATS;
import static dev.detr4j.backend.vector.Memory.ADDRESS;
import static dev.detr4j.backend.vector.Memory.ALL;
import static dev.detr4j.backend.vector.Memory.FLOAT;
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
import org.jspecify.annotations.Nullable;

/**
 * A depthwise convolution by single pixels, {@code y = activation(w x + b)}, without a gap from
 * pixel to pixel: a row of the map is one row of floats, whatever the number of channels. Weights
 * and biases repeat until they fill whole vectors.
 *
 * <pre>
 * channels 3, vectors of 4     x  r g b r | g b r g | b r g b | r g ...
 *                              w  0 1 2 0 | 1 2 0 1 | 2 0 1 2 | 0 1 ...     period 12
 * </pre>
 *
 * A tile is one output row.
 */
record PixelwiseConvolution(
    Window window, int channels, Maps maps, int period, PackedWeights weights, boolean relu)
    implements HostKernel {
  /** Floats that a period has at least, so that a loop over it is worth its start. */
  private static final int LEAST = 256;

  /** Floats of a period that stay in the L1 cache beside the map. */
  private static final int MOST = 4096;

  /** Whether this kernel computes a depthwise convolution. */
  static boolean suits(Convolution op, Window window, Maps maps) {
    return window.kernelArea() == 1
        && window.kernel().stride() == 1
        && window.kernel().padding() == 0
        && !op.hasResidual()
        && (op.activation() == Activation.NONE || op.activation() == Activation.RELU)
        && maps.x().pitch() == 4L * op.inChannels()
        && maps.out().pitch() == 4L * op.inChannels()
        && period(op.inChannels()) <= MOST;
  }

  static PixelwiseConvolution bind(
      Convolution op, Window window, Maps maps, BoundNode node, HostContext context) {
    int channels = op.inChannels();
    int period = period(channels);
    return new PixelwiseConvolution(
        window,
        channels,
        maps,
        period,
        new PackedWeights(
            repeated(context, node.weight(0), channels, period),
            repeated(context, node.weightOrNull(1), channels, period)),
        op.activation() == Activation.RELU);
  }

  /** Whole vectors and whole pixels. */
  private static int period(int channels) {
    int shortest = channels;
    while (shortest % COUNT != 0) {
      shortest += channels;
    }
    return (LEAST + shortest - 1) / shortest * shortest;
  }

  /** The address of a value a channel, repeated; of zeros when there are no values. */
  private static long repeated(
      HostContext context, @Nullable Weight weight, int channels, int period) {
    if (weight == null) {
      return context.arena().allocate(4L * period, 64).address();
    }
    return context
        .weights()
        .packed(
            weight,
            "pixelwise/" + period,
            4L * period,
            (values, packed) -> {
              for (int i = 0; i < period; i++) {
                packed.set(FLOAT, 4L * i, values.get(FLOAT, 4L * (i % channels)));
              }
            })
        .address();
  }

  @Override
  public int tiles() {
    return Math.max(1, maps.batch() * window.outHeight());
  }

  @Override
  public void run(int tile, MemorySegment scratch) {
    int item = tile / window.outHeight();
    int row = tile % window.outHeight();
    if (item >= maps.batch()) {
      return;
    }
    long out = maps.out().row(item, (long) row * window.outWidth());
    long x = maps.x().row(item, (long) row * window.inWidth());
    int whole = channels * window.outWidth();
    for (int at = 0; at < whole; at += period) {
      scaled(x + 4L * at, Math.min(period, whole - at), out + 4L * at);
    }
  }

  /** Up to a period of floats, which begin with the first channel. */
  private void scaled(long x, int count, long out) {
    long from = x & ADDRESS;
    long to = out & ADDRESS;
    long scales = weights.weight() & ADDRESS;
    long shifts = weights.bias() & ADDRESS;
    // Below the floor a value becomes the floor; by comparison, so that NaN stays.
    FloatVector floor = FloatVector.broadcast(FLOATS, relu ? 0.0f : Float.NEGATIVE_INFINITY);
    int whole = count / COUNT;
    for (int i = 0; i < whole; i++) {
      long at = (long) BYTES * i;
      FloatVector y =
          FloatVector.fromMemorySegment(FLOATS, ALL, from + at, ORDER)
              .mul(FloatVector.fromMemorySegment(FLOATS, ALL, scales + at, ORDER))
              .add(FloatVector.fromMemorySegment(FLOATS, ALL, shifts + at, ORDER));
      y.blend(floor, y.lt(floor)).intoMemorySegment(ALL, to + at, ORDER);
    }
    if (count % COUNT != 0) {
      long at = (long) BYTES * whole;
      VectorMask<Float> rest = FLOATS.indexInRange(0, count % COUNT);
      FloatVector y =
          FloatVector.fromMemorySegment(FLOATS, ALL, from + at, ORDER, rest)
              .mul(FloatVector.fromMemorySegment(FLOATS, ALL, scales + at, ORDER))
              .add(FloatVector.fromMemorySegment(FLOATS, ALL, shifts + at, ORDER));
      y.blend(floor, y.lt(floor)).intoMemorySegment(ALL, to + at, ORDER, rest);
    }
  }
}
