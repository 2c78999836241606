package dev.detr4j.backend.vector;

import static dev.detr4j.backend.vector.Lanes.BYTES;
import static dev.detr4j.backend.vector.Lanes.COUNT;
import static dev.detr4j.backend.vector.Lanes.FLOATS;
import static dev.detr4j.backend.vector.Memory.ALL;
import static dev.detr4j.backend.vector.Memory.ORDER;

import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.NormSums;
import dev.detr4j.tensor.TensorView;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import org.jspecify.annotations.Nullable;

/**
 * Sums of channels over rows and what dx is made of them: the two passes of {@code
 * native/src/kernels/channel_sums.c}, which the gradients of normalisations over rows share. The
 * workspace holds sums, shift and factors one after another.
 */
final class ChannelSums {
  /** Rows whose sums are taken in floats before they are added in doubles. */
  private static final int BLOCK = 32;

  private final @Nullable TensorView x;
  private final TensorView dy;
  private final MemorySegment workspace;
  private final RowBlocks blocks;
  private final int channels;

  /**
   * Of two tensors.
   *
   * @param x null where only the sums of dy are wanted
   */
  ChannelSums(@Nullable TensorView x, TensorView dy, MemorySegment workspace) {
    this.x = x;
    this.dy = dy;
    this.workspace = workspace;
    channels = dy.columns();
    blocks =
        new RowBlocks(
            dy.batch(),
            Math.toIntExact(dy.rows()),
            NormSums.rowsPerTile(dy.batch(), dy.rows(), channels));
  }

  /** Bytes of the workspace. */
  static long workspaceBytes(TensorView dy) {
    int rowsPerTile = NormSums.rowsPerTile(dy.batch(), dy.rows(), dy.columns());
    long channels = dy.columns();
    return channels * (32L * NormSums.tiles(dy.batch(), dy.rows(), rowsPerTile) + 16L * dy.batch());
  }

  /** Tiles of all items. */
  int tiles() {
    return blocks.batch() * blocks.perItem();
  }

  /** Tiles of one item. */
  int tilesOfItem() {
    return blocks.perItem();
  }

  /** {@code [tiles][4][channels]} doubles. */
  MemorySegment sums() {
    return workspace.asSlice(0, 32L * channels * tiles());
  }

  /** {@code [batch][channels]} floats. */
  MemorySegment shift() {
    return workspace.asSlice(32L * channels * tiles(), 4L * channels * blocks.batch());
  }

  /** {@code [batch][3][channels]} floats. */
  MemorySegment factors() {
    long first = 32L * channels * tiles() + 4L * channels * blocks.batch();
    return workspace.asSlice(first, 12L * channels * blocks.batch());
  }

  /** The phase that leaves the sums. */
  HostKernel sumPhase() {
    return new SumKernel(
        blocks,
        channels,
        x == null ? Rows.none() : Rows.of(x),
        Rows.of(dy),
        shift().address(),
        sums().address());
  }

  /** The phase that makes dx of the factors. */
  HostKernel combinePhase(TensorView dx) {
    return new CombineKernel(
        blocks,
        channels,
        x == null ? Rows.none() : Rows.of(x),
        Rows.of(dy),
        Rows.of(dx),
        shift().address(),
        factors().address());
  }

  private record SumKernel(RowBlocks blocks, int channels, Rows x, Rows dy, long shift, long sums)
      implements HostKernel {
    @Override
    public int tiles() {
      return blocks.tiles();
    }

    private long padded() {
      return (4L * channels + BYTES - 1) / BYTES * BYTES;
    }

    @Override
    public long scratchBytes() {
      return 4 * padded();
    }

    @Override
    public void run(int tile, MemorySegment scratch) {
      int item = blocks.item(tile);
      int end = blocks.end(tile);
      if (blocks.first(tile) >= end) {
        return;
      }
      long part = scratch.address();
      long total = sums + 32L * channels * tile;
      Memory.clear(total, 32L * channels);
      for (int begin = blocks.first(tile); begin < end; begin += BLOCK) {
        Memory.clear(part, 4 * padded());
        for (int row = begin; row < Math.min(begin + BLOCK, end); row++) {
          VectorAdd.add(part + 2 * padded(), dy.row(item, row), part + 2 * padded(), channels);
          if (x.address() != 0) {
            deviations(
                x.row(item, row),
                dy.row(item, row),
                shift + 4L * channels * item,
                part,
                padded(),
                channels);
          }
        }
        for (int k = 0; k < 4; k++) {
          widen(part + k * padded(), total + 8L * k * channels, channels);
        }
      }
    }
  }

  private static void deviations(long x, long dy, long shift, long part, long pitch, int channels) {
    int c = 0;
    for (; c + COUNT <= channels; c += COUNT) {
      long at = part + 4L * c;
      FloatVector d =
          FloatVector.fromMemorySegment(FLOATS, ALL, x + 4L * c, ORDER)
              .sub(FloatVector.fromMemorySegment(FLOATS, ALL, shift + 4L * c, ORDER));
      FloatVector up = FloatVector.fromMemorySegment(FLOATS, ALL, dy + 4L * c, ORDER);
      d.add(FloatVector.fromMemorySegment(FLOATS, ALL, at, ORDER))
          .intoMemorySegment(ALL, at, ORDER);
      d.fma(d, FloatVector.fromMemorySegment(FLOATS, ALL, at + pitch, ORDER))
          .intoMemorySegment(ALL, at + pitch, ORDER);
      up.fma(d, FloatVector.fromMemorySegment(FLOATS, ALL, at + 3 * pitch, ORDER))
          .intoMemorySegment(ALL, at + 3 * pitch, ORDER);
    }
    for (; c < channels; c++) {
      long at = part + 4L * c;
      float d = Memory.getFloat(x + 4L * c) - Memory.getFloat(shift + 4L * c);
      Memory.setFloat(at, Memory.getFloat(at) + d);
      Memory.setFloat(at + pitch, Math.fma(d, d, Memory.getFloat(at + pitch)));
      Memory.setFloat(
          at + 3 * pitch,
          Math.fma(Memory.getFloat(dy + 4L * c), d, Memory.getFloat(at + 3 * pitch)));
    }
  }

  private static void widen(long from, long to, int channels) {
    for (int c = 0; c < channels; c++) {
      Memory.setDouble(to + 8L * c, Memory.getDouble(to + 8L * c) + Memory.getFloat(from + 4L * c));
    }
  }

  private record CombineKernel(
      RowBlocks blocks, int channels, Rows x, Rows dy, Rows dx, long shift, long factors)
      implements HostKernel {
    @Override
    public int tiles() {
      return blocks.tiles();
    }

    @Override
    public void run(int tile, MemorySegment scratch) {
      int item = blocks.item(tile);
      int end = blocks.end(tile);
      long of = factors + 12L * channels * item;
      for (int row = blocks.first(tile); row < end; row++) {
        combine(
            x.row(item, row),
            dy.row(item, row),
            shift + 4L * channels * item,
            of,
            dx.row(item, row),
            channels);
      }
    }
  }

  private static void combine(long x, long dy, long shift, long factors, long dx, int channels) {
    long b = factors + 4L * channels;
    long k = b + 4L * channels;
    int c = 0;
    for (; c + COUNT <= channels; c += COUNT) {
      long at = 4L * c;
      FloatVector rest =
          FloatVector.fromMemorySegment(FLOATS, ALL, x + at, ORDER)
              .sub(FloatVector.fromMemorySegment(FLOATS, ALL, shift + at, ORDER))
              .fma(
                  FloatVector.fromMemorySegment(FLOATS, ALL, b + at, ORDER),
                  FloatVector.fromMemorySegment(FLOATS, ALL, k + at, ORDER));
      FloatVector.fromMemorySegment(FLOATS, ALL, dy + at, ORDER)
          .fma(FloatVector.fromMemorySegment(FLOATS, ALL, factors + at, ORDER), rest)
          .intoMemorySegment(ALL, dx + at, ORDER);
    }
    for (; c < channels; c++) {
      long at = 4L * c;
      float d = Memory.getFloat(x + at) - Memory.getFloat(shift + at);
      float rest = Math.fma(d, Memory.getFloat(b + at), Memory.getFloat(k + at));
      Memory.setFloat(
          dx + at, Math.fma(Memory.getFloat(dy + at), Memory.getFloat(factors + at), rest));
    }
  }
}
