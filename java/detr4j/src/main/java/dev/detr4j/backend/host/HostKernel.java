package dev.detr4j.backend.host;

import dev.detr4j.runtime.TileTask;

/**
 * One phase of one node, cut into tiles.
 *
 * <p>Everything is bound when the kernel is made; running a tile allocates nothing and looks
 * nothing up.
 */
public interface HostKernel extends TileTask {
  /** The number of tiles, at least 1. */
  int tiles();

  /** Bytes of scratch that a running tile may write, 64-byte aligned; each worker has its own. */
  default long scratchBytes() {
    return 0;
  }
}
