package dev.detr4j.backend;

import org.jspecify.annotations.Nullable;

/**
 * Bound nodes, ready to run. One thread at a time runs a program; running allocates nothing.
 *
 * <p>Device programs may return before they have finished; a {@link Backend#download} waits for
 * them.
 */
public interface Program extends AutoCloseable {
  /**
   * Runs all nodes in order. Throws {@link dev.detr4j.error.BackendException} that names the node
   * when a kernel fails.
   */
  void run();

  /** Runs all nodes and adds the nanoseconds of each to the entry of its index. */
  void run(long @Nullable [] nanoseconds);

  @Override
  void close();
}
