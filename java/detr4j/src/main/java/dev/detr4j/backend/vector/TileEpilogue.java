package dev.detr4j.backend.vector;

import static dev.detr4j.backend.vector.Lanes.BYTES;
import static dev.detr4j.backend.vector.Lanes.COUNT;
import static dev.detr4j.backend.vector.Lanes.FLOATS;
import static dev.detr4j.backend.vector.Memory.ALL;
import static dev.detr4j.backend.vector.Memory.ORDER;
import static dev.detr4j.backend.vector.RegisterTile.PANEL_BYTES;

import dev.detr4j.op.Activation;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/** What is fused behind a matrix product, for the sums of one register tile. */
final class TileEpilogue {
  private TileEpilogue() {}

  /**
   * Writes {@code activation(sums + bias + residual)}.
   *
   * @param sums address of {@code rows} rows of {@link RegisterTile#TILE_COLUMNS} floats; as many
   *     more are overwritten
   * @param columns columns that are stored, at most {@link RegisterTile#TILE_COLUMNS}
   * @param bias address of {@link RegisterTile#TILE_COLUMNS} floats
   * @param residual address of the first row's residual, or 0
   * @param residualPitch bytes from row to row
   * @param outPitch bytes from row to row
   */
  static void finish(
      long sums,
      int rows,
      int columns,
      long bias,
      long residual,
      long residualPitch,
      long out,
      long outPitch,
      Activation activation) {
    boolean relu = activation == Activation.RELU;
    boolean curved = activation == Activation.GELU || activation == Activation.SILU;
    if (residual != 0 && columns == RegisterTile.TILE_COLUMNS && !curved) {
      wholeWithResidual(sums, rows, bias, residual, residualPitch, out, outPitch, relu);
      return;
    }
    if (residual != 0) {
      addResidual(sums, rows, columns, residual, residualPitch);
    }
    if (activation == Activation.GELU) {
      gelu(sums, rows, bias, sums + (long) rows * PANEL_BYTES);
    } else if (activation == Activation.SILU) {
      silu(sums, rows, bias, sums + (long) rows * PANEL_BYTES);
    }
    if (columns == RegisterTile.TILE_COLUMNS) {
      whole(sums, rows, bias, out, outPitch, relu, curved);
    } else {
      partial(sums, rows, columns, bias, out, outPitch, relu, curved);
    }
  }

  private static void whole(
      long sums, int rows, long bias, long out, long outPitch, boolean relu, boolean finished) {
    FloatVector zero = FloatVector.zero(FLOATS);
    FloatVector biasLeft =
        finished ? zero : FloatVector.fromMemorySegment(FLOATS, ALL, bias, ORDER);
    FloatVector biasRight =
        finished ? zero : FloatVector.fromMemorySegment(FLOATS, ALL, bias + BYTES, ORDER);
    // Below the floor a sum becomes the floor; by comparison, so that NaN stays.
    FloatVector floor = FloatVector.broadcast(FLOATS, relu ? 0.0f : Float.NEGATIVE_INFINITY);
    long end = sums + (long) rows * PANEL_BYTES;
    for (; sums != end; sums += PANEL_BYTES, out += outPitch) {
      FloatVector left = FloatVector.fromMemorySegment(FLOATS, ALL, sums, ORDER).add(biasLeft);
      FloatVector right =
          FloatVector.fromMemorySegment(FLOATS, ALL, sums + BYTES, ORDER).add(biasRight);
      left.blend(floor, left.lt(floor)).intoMemorySegment(ALL, out, ORDER);
      right.blend(floor, right.lt(floor)).intoMemorySegment(ALL, out + BYTES, ORDER);
    }
  }

  /** In one pass: what a second one would read and write again costs a tenth of a short product. */
  private static void wholeWithResidual(
      long sums,
      int rows,
      long bias,
      long residual,
      long residualPitch,
      long out,
      long outPitch,
      boolean relu) {
    FloatVector biasLeft = FloatVector.fromMemorySegment(FLOATS, ALL, bias, ORDER);
    FloatVector biasRight = FloatVector.fromMemorySegment(FLOATS, ALL, bias + BYTES, ORDER);
    FloatVector floor = FloatVector.broadcast(FLOATS, relu ? 0.0f : Float.NEGATIVE_INFINITY);
    long end = sums + (long) rows * PANEL_BYTES;
    for (; sums != end; sums += PANEL_BYTES) {
      FloatVector left =
          FloatVector.fromMemorySegment(FLOATS, ALL, sums, ORDER)
              .add(FloatVector.fromMemorySegment(FLOATS, ALL, residual, ORDER))
              .add(biasLeft);
      FloatVector right =
          FloatVector.fromMemorySegment(FLOATS, ALL, sums + BYTES, ORDER)
              .add(FloatVector.fromMemorySegment(FLOATS, ALL, residual + BYTES, ORDER))
              .add(biasRight);
      left.blend(floor, left.lt(floor)).intoMemorySegment(ALL, out, ORDER);
      right.blend(floor, right.lt(floor)).intoMemorySegment(ALL, out + BYTES, ORDER);
      residual += residualPitch;
      out += outPitch;
    }
  }

  private static void partial(
      long sums,
      int rows,
      int columns,
      long bias,
      long out,
      long outPitch,
      boolean relu,
      boolean finished) {
    FloatVector zero = FloatVector.zero(FLOATS);
    FloatVector floor = FloatVector.broadcast(FLOATS, relu ? 0.0f : Float.NEGATIVE_INFINITY);
    for (int c = 0; c < columns; c += COUNT) {
      VectorMask<Float> mask = FLOATS.indexInRange(c, columns);
      FloatVector addend =
          finished ? zero : FloatVector.fromMemorySegment(FLOATS, ALL, bias + 4L * c, ORDER);
      for (int r = 0; r < rows; r++) {
        FloatVector sum =
            FloatVector.fromMemorySegment(
                    FLOATS, ALL, sums + (long) r * PANEL_BYTES + 4L * c, ORDER)
                .add(addend);
        sum.blend(floor, sum.lt(floor))
            .intoMemorySegment(ALL, out + r * outPitch + 4L * c, ORDER, mask);
      }
    }
  }

  private static void addResidual(long sums, int rows, int columns, long residual, long pitch) {
    for (int r = 0; r < rows; r++) {
      long from = residual + r * pitch;
      long to = sums + (long) r * PANEL_BYTES;
      int c = 0;
      for (; c + COUNT <= columns; c += COUNT) {
        FloatVector.fromMemorySegment(FLOATS, ALL, from + 4L * c, ORDER)
            .add(FloatVector.fromMemorySegment(FLOATS, ALL, to + 4L * c, ORDER))
            .intoMemorySegment(ALL, to + 4L * c, ORDER);
      }
      for (; c < columns; c++) {
        Memory.setFloat(to + 4L * c, Memory.getFloat(to + 4L * c) + Memory.getFloat(from + 4L * c));
      }
    }
  }

  /**
   * In place: {@code sums = gelu(sums + bias)}, the exact form x Phi(x).
   *
   * <p>With a = |x| and Q(a) = erfc(a / sqrt 2) / 2 it is x Q(a) below zero and x (1 - Q(a)) above.
   * Q(a) = e^(-a^2/2) R(1 / (1 + 0.26 a)), R as in {@code native/src/activation.h}: both tails keep
   * their relative accuracy.
   *
   * @param powers where as many floats may be written
   */
  private static void gelu(long sums, int rows, long bias, long powers) {
    int bytes = rows * PANEL_BYTES;
    for (int at = 0; at < bytes; at += BYTES) {
      FloatVector x =
          FloatVector.fromMemorySegment(FLOATS, ALL, sums + at, ORDER)
              .add(FloatVector.fromMemorySegment(FLOATS, ALL, bias + at % PANEL_BYTES, ORDER));
      x.intoMemorySegment(ALL, sums + at, ORDER);
      x.mul(x).intoMemorySegment(ALL, powers + at, ORDER);
    }
    Exponential.write(powers, powers, bytes / 4, -0.5f, 0, 0);
    for (int at = 0; at < bytes; at += BYTES) {
      FloatVector x = FloatVector.fromMemorySegment(FLOATS, ALL, sums + at, ORDER);
      FloatVector one = FloatVector.broadcast(FLOATS, 1f);
      FloatVector t = one.div(x.abs().fma(FloatVector.broadcast(FLOATS, 0.26f), one));
      FloatVector q = FloatVector.broadcast(FLOATS, 0.033926815f);
      q = q.fma(t, FloatVector.broadcast(FLOATS, -0.17052205f));
      q = q.fma(t, FloatVector.broadcast(FLOATS, 0.29098955f));
      q = q.fma(t, FloatVector.broadcast(FLOATS, -0.2008204f));
      q = q.fma(t, FloatVector.broadcast(FLOATS, 0.20012455f));
      q = q.fma(t, FloatVector.broadcast(FLOATS, 0.031204218f));
      q = q.fma(t, FloatVector.broadcast(FLOATS, 0.1094826f));
      q = q.fma(t, FloatVector.broadcast(FLOATS, 0.10171525f));
      q = q.fma(t, FloatVector.broadcast(FLOATS, 0.103906624f));
      q = q.fma(t, FloatVector.broadcast(FLOATS, -7.167197e-6f));
      q = q.mul(FloatVector.fromMemorySegment(FLOATS, ALL, powers + at, ORDER));
      x.mul(one.sub(q).blend(q, x.lt(0.0f))).intoMemorySegment(ALL, sums + at, ORDER);
    }
  }

  /**
   * In place: {@code sums = silu(sums + bias)}: x times {@code 1 / (1 + e^-x)} above zero and
   * {@code e^x / (1 + e^x)} below, so that no power overflows.
   *
   * @param powers where as many floats may be written
   */
  private static void silu(long sums, int rows, long bias, long powers) {
    int bytes = rows * PANEL_BYTES;
    for (int at = 0; at < bytes; at += BYTES) {
      FloatVector x =
          FloatVector.fromMemorySegment(FLOATS, ALL, sums + at, ORDER)
              .add(FloatVector.fromMemorySegment(FLOATS, ALL, bias + at % PANEL_BYTES, ORDER));
      x.intoMemorySegment(ALL, sums + at, ORDER);
      x.abs().intoMemorySegment(ALL, powers + at, ORDER);
    }
    Exponential.write(powers, powers, bytes / 4, -1f, 0, 0);
    for (int at = 0; at < bytes; at += BYTES) {
      FloatVector x = FloatVector.fromMemorySegment(FLOATS, ALL, sums + at, ORDER);
      FloatVector e = FloatVector.fromMemorySegment(FLOATS, ALL, powers + at, ORDER);
      FloatVector one = FloatVector.broadcast(FLOATS, 1f);
      x.mul(one.blend(e, x.lt(0.0f)).div(e.add(1f))).intoMemorySegment(ALL, sums + at, ORDER);
    }
  }

  /** Zeros in {@code columns} floats. */
  static void zero(long out, int columns) {
    Memory.clear(out, 4L * columns);
  }
}
