package dev.detr4j.runtime;

import java.lang.foreign.MemorySegment;

/** Work cut into independent tiles that any worker may run in any order. */
@FunctionalInterface
public interface TileTask {
  /**
   * Runs one tile.
   *
   * @param tile from 0
   * @param scratch memory of this worker, contents unspecified
   */
  void run(int tile, MemorySegment scratch);
}
