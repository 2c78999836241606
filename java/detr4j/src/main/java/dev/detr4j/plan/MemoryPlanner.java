package dev.detr4j.plan;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;

/**
 * Gives regions offsets in one memory, so that those whose lives do not overlap share bytes.
 *
 * <p>Largest first, each at the lowest offset where it meets no region that is alive at the same
 * time (the "greedy by size" strategy of Pisarchyk and Lee 2020).
 */
final class MemoryPlanner {
  private MemoryPlanner() {}

  /** Sets the offsets and returns the size of the memory in bytes. */
  static long place(Collection<Region> regions) {
    List<Region> bySize = new ArrayList<>(regions);
    bySize.sort(Comparator.comparingLong((Region region) -> region.bytes).reversed());
    List<Region> placed = new ArrayList<>();
    long size = 0;
    for (Region region : bySize) {
      region.offset = lowest(region, placed);
      placed.add(region);
      placed.sort(Comparator.comparingLong((Region other) -> other.offset));
      size = Math.max(size, region.end());
    }
    return size;
  }

  /** The lowest offset that is free during a region's life; {@code placed} is in order. */
  private static long lowest(Region region, List<Region> placed) {
    long offset = 0;
    for (Region neighbour : placed) {
      if (neighbour.meets(region)) {
        if (offset + region.bytes <= neighbour.offset) {
          break;
        }
        offset = Math.max(offset, neighbour.end());
      }
    }
    return offset;
  }
}
