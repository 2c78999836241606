package dev.detr4j.model.graph;

import java.lang.foreign.MemorySegment;

/**
 * Writes the elements of a constant, row-major in native byte order, into zeroed memory of its
 * size.
 */
@FunctionalInterface
public interface HostData {
  /** Writes all elements. */
  void write(MemorySegment destination);
}
