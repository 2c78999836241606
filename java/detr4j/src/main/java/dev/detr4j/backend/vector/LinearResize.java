package dev.detr4j.backend.vector;

import static dev.detr4j.backend.vector.Lanes.BYTES;
import static dev.detr4j.backend.vector.Lanes.FLOATS;
import static dev.detr4j.backend.vector.Memory.ALL;
import static dev.detr4j.backend.vector.Memory.ORDER;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.op.ResamplingTable;
import dev.detr4j.op.ResizeNormalize;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import jdk.incubator.vector.FloatVector;
import org.jspecify.annotations.Nullable;

/**
 * The phases of {@link ResizeNormalize} in fp32: normalised values of two pixels are mixed along
 * each source row, then two such rows.
 *
 * <p>Workspace: the source with its width already changed, {@code [sourceHeight][3 width]} floats,
 * rows padded to whole vectors.
 */
final class LinearResize {
  private LinearResize() {}

  static List<HostKernel> phases(
      ResizeNormalize op, BoundNode node, Arena arena, long lookup, long workspace, long rowBytes) {
    return List.of(
        new Horizontal(
            RowBlocks.of(1, op.sourceHeight(), 12L * op.width()),
            op.sourceWidth(),
            op.width(),
            taps(op.horizontal(), arena),
            lookup,
            Rows.of(node.input(0)),
            workspace,
            rowBytes),
        new Vertical(
            RowBlocks.of(1, op.paddedHeight(), 12L * op.width()),
            op.width(),
            op.height(),
            op.paddedWidth(),
            taps(op.vertical(), arena),
            workspace,
            rowBytes,
            Rows.of(node.output(0))));
  }

  /** Of each output both source positions and both weights, 16 bytes. */
  private static long taps(@Nullable ResamplingTable table, Arena arena) {
    if (table == null) {
      throw new IllegalArgumentException("this arithmetic has a filter on both axes");
    }
    long taps = arena.allocate(16L * table.size(), 64).address();
    float unit = 1f / (1L << table.precision());
    int last = table.sourceSize() - 1;
    for (int i = 0; i < table.size(); i++) {
      for (int j = 0; j < 2; j++) {
        Memory.setInt(taps + 16L * i + 4L * j, Math.clamp(table.start()[i] + (long) j, 0, last));
        Memory.setFloat(taps + 16L * i + 8 + 4L * j, table.weights()[2 * i + j] * unit);
      }
    }
    return taps;
  }

  private record Horizontal(
      RowBlocks blocks,
      int sourceWidth,
      int width,
      long taps,
      long lookup,
      Rows pixels,
      long between,
      long rowBytes)
      implements HostKernel {
    @Override
    public int tiles() {
      return blocks.tiles();
    }

    @Override
    public void run(int tile, MemorySegment scratch) {
      int end = blocks.end(tile);
      for (int row = blocks.first(tile); row < end; row++) {
        long from = pixels.row(0, (long) row * sourceWidth);
        row(from, pixels.pitch(), width, taps, lookup, between + row * rowBytes);
      }
    }

    private static void row(long from, long pitch, int width, long taps, long lookup, long to) {
      for (int column = 0; column < width; column++, taps += 16, to += 12) {
        long left = from + Memory.getInt(taps) * pitch;
        long right = from + Memory.getInt(taps + 4) * pitch;
        float near = Memory.getFloat(taps + 8);
        float far = Memory.getFloat(taps + 12);
        for (int c = 0; c < 3; c++) {
          long values = lookup + 1024L * c;
          Memory.setFloat(
              to + 4L * c,
              near * Memory.getFloat(values + 4L * Memory.getByte(left + c))
                  + far * Memory.getFloat(values + 4L * Memory.getByte(right + c)));
        }
      }
    }
  }

  /** Scratch: one row of floats. */
  private record Vertical(
      RowBlocks blocks,
      int width,
      int height,
      int paddedWidth,
      long taps,
      long between,
      long rowBytes,
      Rows out)
      implements HostKernel {
    @Override
    public int tiles() {
      return blocks.tiles();
    }

    @Override
    public long scratchBytes() {
      return rowBytes;
    }

    @Override
    public void run(int tile, MemorySegment scratch) {
      int end = blocks.end(tile);
      for (int row = blocks.first(tile); row < end; row++) {
        int filled = row < height ? width : 0;
        if (filled > 0) {
          long tap = taps + 16L * row;
          mix(
              between + Memory.getInt(tap) * rowBytes,
              between + Memory.getInt(tap + 4) * rowBytes,
              rowBytes,
              Memory.getFloat(tap + 8),
              Memory.getFloat(tap + 12),
              scratch.address());
        }
        for (int column = 0; column < paddedWidth; column++) {
          long to = out.row(0, (long) row * paddedWidth + column);
          if (column < filled) {
            Memory.copy(scratch.address() + 12L * column, to, 12);
          } else {
            Memory.clear(to, 12);
          }
        }
      }
    }

    /** Rows are whole vectors; what lies behind the last pixel is mixed for nothing. */
    private static void mix(
        long above, long below, long rowBytes, float upper, float lower, long to) {
      for (long at = 0; at < rowBytes; at += BYTES) {
        FloatVector first = FloatVector.fromMemorySegment(FLOATS, ALL, above + at, ORDER);
        FloatVector second = FloatVector.fromMemorySegment(FLOATS, ALL, below + at, ORDER);
        first.mul(upper).add(second.mul(lower)).intoMemorySegment(ALL, to + at, ORDER);
      }
    }
  }
}
