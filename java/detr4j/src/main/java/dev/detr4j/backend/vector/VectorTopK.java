package dev.detr4j.backend.vector;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.op.TopK;
import dev.detr4j.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * {@link TopK}, one batch item a tile: a heap of the k best so far, the worst of them on top.
 *
 * <p>A key holds the score in its upper half, as an int that sorts like the float, and the inverted
 * index in its lower half, so that one comparison settles ties too. Nearly all scores are refused
 * by comparing them with the top.
 */
final class VectorTopK implements HostOp<TopK> {
  @Override
  public List<HostKernel> bind(
      TopK op, BoundNode node, HostContext context, MemorySegment workspace) {
    Shape shape = node.input(0).shape();
    return List.of(
        new Kernel(
            op.k(),
            shape.get(0),
            shape.get(1),
            shape.last(),
            Rows.of(node.input(0)),
            Rows.of(node.output(0)),
            Rows.of(node.output(1))));
  }

  private record Kernel(int k, int batch, int rows, int columns, Rows x, Rows values, Rows indices)
      implements HostKernel {
    @Override
    public int tiles() {
      return Math.max(1, batch);
    }

    @Override
    public long scratchBytes() {
      return 8L * k;
    }

    @Override
    public void run(int item, MemorySegment scratch) {
      if (item >= batch || k == 0) {
        return;
      }
      long heap = scratch.address();
      int size = 0;
      for (int row = 0; row < rows; row++) {
        long from = x.row(item, row);
        for (int c = 0; c < columns; c++) {
          long key = key(Memory.getFloat(from + 4L * c), row * columns + c);
          if (size < k) {
            Memory.setLong(heap + 8L * size, key);
            size++;
            if (size == k) {
              heapify(heap, k);
            }
          } else if (key > Memory.getLong(heap)) {
            sink(heap, 0, k, key);
          }
        }
      }
      for (int last = k - 1; last >= 0; last--) {
        int index = ~(int) Memory.getLong(heap);
        float score = Memory.getFloat(x.row(item, index / columns) + 4L * (index % columns));
        Memory.setFloat(values.row(item, 0) + 4L * last, score);
        Memory.setInt(indices.row(item, 0) + 4L * last, index);
        sink(heap, 0, last, Memory.getLong(heap + 8L * last));
      }
    }
  }

  /** Grows with the score, and falls with the index of equal ones; NaN is above all numbers. */
  static long key(float score, int index) {
    // Adding zero makes both zeros equal; NaN sorts above infinity.
    int bits = Float.isNaN(score) ? Integer.MAX_VALUE : Float.floatToRawIntBits(score + 0.0f);
    int sortable = bits ^ (bits >> 31 & 0x7FFFFFFF);
    return (long) sortable << 32 | (~index & 0xFFFFFFFFL);
  }

  private static void heapify(long heap, int size) {
    for (int i = size / 2 - 1; i >= 0; i--) {
      sink(heap, i, size, Memory.getLong(heap + 8L * i));
    }
  }

  /** Puts a key at a place or below it, where it is not larger than its children. */
  private static void sink(long heap, int place, int size, long key) {
    int at = place;
    for (int child = 2 * at + 1; child < size; child = 2 * at + 1) {
      long smaller = Memory.getLong(heap + 8L * child);
      if (child + 1 < size && Memory.getLong(heap + 8L * (child + 1)) < smaller) {
        child++;
        smaller = Memory.getLong(heap + 8L * child);
      }
      if (key <= smaller) {
        break;
      }
      Memory.setLong(heap + 8L * at, smaller);
      at = child;
    }
    Memory.setLong(heap + 8L * at, key);
  }
}
