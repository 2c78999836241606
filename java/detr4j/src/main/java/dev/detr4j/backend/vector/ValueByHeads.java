package dev.detr4j.backend.vector;

import static dev.detr4j.backend.vector.Lanes.BYTES;
import static dev.detr4j.backend.vector.Lanes.COUNT;
import static dev.detr4j.backend.vector.Lanes.FLOATS;
import static dev.detr4j.backend.vector.Memory.ALL;
import static dev.detr4j.backend.vector.Memory.ORDER;

import dev.detr4j.backend.host.HostKernel;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/**
 * Lays the value of deformable attention out by heads first: {@code [N][tokens][heads][headDim]} to
 * {@code [N][heads][tokens][headDim]}.
 *
 * @param to address of the copy
 */
record ValueByHeads(Rows value, int heads, int headDim, long to, RowBlocks blocks)
    implements HostKernel {

  static ValueByHeads of(Rows value, int batch, int tokens, int heads, int headDim, long to) {
    return new ValueByHeads(
        value, heads, headDim, to, RowBlocks.of(batch, tokens, (long) heads * headDim));
  }

  static long bytes(int batch, int tokens, int heads, int headDim) {
    return 4L * batch * tokens * heads * headDim;
  }

  /** The first head of each item. */
  Rows copy() {
    return new Rows(to, 4L * headDim, heads * headBytes());
  }

  /** From one head of the copy to the next. */
  long headBytes() {
    return 4L * headDim * blocks.rows();
  }

  @Override
  public int tiles() {
    return blocks.tiles();
  }

  @Override
  public void run(int tile, MemorySegment scratch) {
    int item = blocks.item(tile);
    int first = blocks.first(tile);
    int count = blocks.end(tile) - first;
    for (int head = 0; head < heads; head++) {
      long from = value.row(item, first) + 4L * headDim * head;
      copy(from, value.pitch(), copy().row(item, first) + head * headBytes(), count, headDim);
    }
  }

  private static void copy(long from, long pitch, long to, int rows, int columns) {
    long whole = (long) columns / COUNT * BYTES;
    VectorMask<Float> rest = FLOATS.indexInRange(columns / COUNT * COUNT, columns);
    for (int row = 0; row < rows; row++, from += pitch, to += 4L * columns) {
      for (long at = 0; at < whole; at += BYTES) {
        FloatVector.fromMemorySegment(FLOATS, ALL, from + at, ORDER)
            .intoMemorySegment(ALL, to + at, ORDER);
      }
      if (whole < 4L * columns) {
        FloatVector.fromMemorySegment(FLOATS, ALL, from + whole, ORDER, rest)
            .intoMemorySegment(ALL, to + whole, ORDER, rest);
      }
    }
  }
}
