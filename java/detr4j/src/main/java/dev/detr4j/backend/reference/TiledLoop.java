package dev.detr4j.backend.reference;

import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.runtime.TileTask;
import java.lang.foreign.MemorySegment;

/** A loop as a kernel: what to do for each tile, and how many tiles there are. */
record TiledLoop(int tiles, TileTask task) implements HostKernel {
  /**
   * A loop over {@code count} independent pieces; none at all still makes one tile, which then does
   * nothing.
   */
  static TiledLoop of(long count, TileTask task) {
    int tiles = Math.toIntExact(count);
    return tiles > 0 ? new TiledLoop(tiles, task) : new TiledLoop(1, (tile, scratch) -> {});
  }

  @Override
  public void run(int tile, MemorySegment scratch) {
    task.run(tile, scratch);
  }
}
