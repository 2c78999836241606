package dev.detr4j.postprocess;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The {@code k} largest of a row of fp32 values, largest first.
 *
 * <p>Order: NaN is the greatest, as in {@code torch.topk}; then by value, {@code -0} and {@code 0}
 * alike; among equals the lower index first (torch promises no order there). For one thread at a
 * time; {@link #select} allocates nothing.
 */
public final class TopK {
  // A min-heap of value and index in one number: a candidate that is not larger than the root costs
  // one comparison.
  private final long[] heap;
  private int size;

  /**
   * Room for {@code k} results.
   *
   * @param k at least 1
   */
  public TopK(int k) {
    heap = new long[k];
  }

  /**
   * Ranks {@code count} values; afterwards {@link #index} gives the result.
   *
   * @param values fp32
   * @param first index of the first value in {@code values}
   * @param count how many values there are
   * @return how many results there are: the smaller of {@code k} and {@code count}
   */
  public int select(MemorySegment values, long first, int count) {
    size = 0;
    for (int i = 0; i < count; i++) {
      long key = key(values.get(ValueLayout.JAVA_FLOAT_UNALIGNED, 4 * (first + i)), i);
      if (size < heap.length) {
        rise(size++, key);
      } else if (key > heap[0]) {
        sink(size, key);
      }
    }
    // Taking the smallest away again and again leaves the array in falling order.
    for (int end = size - 1; end > 0; end--) {
      long smallest = heap[0];
      sink(end, heap[end]);
      heap[end] = smallest;
    }
    return size;
  }

  /** The position in the row of the value of this rank, 0 being the largest. */
  public int index(int rank) {
    return index(heap[rank]);
  }

  /** A number that orders like value, then falling index. */
  static long key(float value, int index) {
    // Adding zero makes -0 a 0; floatToIntBits makes every NaN the same positive one. Flipping the
    // lower bits of negative
    // numbers gives integers in the order of the floats.
    int bits = Float.floatToIntBits(value + 0f);
    int ordered = bits ^ ((bits >> 31) & Integer.MAX_VALUE);
    return ((long) ordered << 32) | (~index & 0xffffffffL);
  }

  /** The index that {@link #key} was made with. */
  static int index(long key) {
    return ~(int) key;
  }

  private void rise(int at, long key) {
    int child = at;
    while (child > 0) {
      int parent = (child - 1) >>> 1;
      if (heap[parent] <= key) {
        break;
      }
      heap[child] = heap[parent];
      child = parent;
    }
    heap[child] = key;
  }

  private void sink(int end, long key) {
    int parent = 0;
    for (int child = 1; child < end; child = 2 * parent + 1) {
      if (child + 1 < end && heap[child + 1] < heap[child]) {
        child++;
      }
      if (heap[child] >= key) {
        break;
      }
      heap[parent] = heap[child];
      parent = child;
    }
    heap[parent] = key;
  }
}
