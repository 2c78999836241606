package dev.detr4j.plan;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Gives every value an offset in one slab, so that values whose lives do not overlap share memory.
 *
 * <p>Largest first, each at the lowest offset where it meets no value that is alive at the same
 * time (the "greedy by size" strategy of Pisarchyk and Lee 2020).
 */
final class MemoryPlanner {
  private static final long ALIGNMENT = 64;

  /** A value's size and the steps from its first write to its last read, both included. */
  static final class Block {
    final long bytes;
    int firstStep = Integer.MAX_VALUE;
    int lastStep = Integer.MIN_VALUE;
    long offset = -1;

    Block(long bytes) {
      this.bytes = (Math.max(bytes, 1) + ALIGNMENT - 1) & -ALIGNMENT;
    }

    /** Extends the life of the value to a step. */
    void touch(int step) {
      firstStep = Math.min(firstStep, step);
      lastStep = Math.max(lastStep, step);
    }

    private boolean overlaps(Block other) {
      return firstStep <= other.lastStep && other.firstStep <= lastStep;
    }
  }

  private MemoryPlanner() {}

  /** Sets the offsets and returns the size of the slab in bytes. */
  static long place(List<Block> blocks) {
    List<Block> bySize = new ArrayList<>(blocks);
    bySize.sort(Comparator.comparingLong((Block block) -> block.bytes).reversed());
    List<Block> placed = new ArrayList<>();
    long slab = 0;
    for (Block block : bySize) {
      long offset = 0;
      for (Block neighbour : placed) {
        if (neighbour.overlaps(block)) {
          if (offset + block.bytes <= neighbour.offset) {
            break;
          }
          offset = Math.max(offset, neighbour.offset + neighbour.bytes);
        }
      }
      block.offset = offset;
      placed.add(block);
      placed.sort(Comparator.comparingLong((Block other) -> other.offset));
      slab = Math.max(slab, offset + block.bytes);
    }
    return slab;
  }
}
