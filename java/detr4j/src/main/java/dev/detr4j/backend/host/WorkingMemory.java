package dev.detr4j.backend.host;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * What the kernels of one queue write between their inputs and outputs: a workspace that the phases
 * of a node share, and scratch for each worker. Programs of a queue run one after the other and
 * leave nothing there, so the largest of each serves them all.
 *
 * <p>Growing replaces the memory. Kernels hold the address of the workspace, so a program that was
 * bound to a former {@link #generation} is bound again before it runs; scratch is handed to kernels
 * when they run. Not thread-safe, as the queue.
 */
final class WorkingMemory implements AutoCloseable {
  private final int threads;
  private final MemorySegment[] scratch;
  private @Nullable Arena workspaceArena;
  private @Nullable Arena scratchArena;
  private MemorySegment workspace = MemorySegment.NULL;
  private long scratchBytes;
  private int generation;

  /**
   * Without memory.
   *
   * @param threads workers that each have scratch, the caller included
   */
  WorkingMemory(int threads) {
    this.threads = threads;
    scratch = new MemorySegment[threads];
    Arrays.fill(scratch, MemorySegment.NULL);
  }

  /** Which workspace this is: another number after each growth. */
  int generation() {
    return generation;
  }

  /** The workspace, grown to so many bytes where it has fewer; 64-byte aligned. */
  MemorySegment workspace(long bytes) {
    if (workspaceArena == null || workspace.byteSize() < bytes) {
      // The contents are of no use, so the old memory goes first.
      workspaceArena = renewed(workspaceArena);
      workspace = MemorySegment.NULL;
      generation++;
      workspace = HostMemory.allocate(workspaceArena, bytes, "the workspace of kernels");
    }
    return workspace;
  }

  /** Makes sure that each worker has so many bytes of scratch. */
  void growScratch(long bytes) {
    if (scratchArena == null || scratchBytes < bytes) {
      scratchArena = renewed(scratchArena);
      scratchBytes = 0;
      for (int i = 0; i < threads; i++) {
        // A cache line apart at least, so that workers do not share one.
        scratch[i] =
            HostMemory.allocate(scratchArena, (bytes + 127) & -64L, "the scratch of workers");
      }
      scratchBytes = bytes;
    }
  }

  /** One segment for each worker; the same array for as long as the queue lives. */
  MemorySegment[] scratch() {
    return scratch;
  }

  /** Bytes that are held. */
  long bytes() {
    long sum = workspace.byteSize();
    for (MemorySegment each : scratch) {
      sum += each.byteSize();
    }
    return sum;
  }

  private static Arena renewed(@Nullable Arena old) {
    if (old != null) {
      old.close();
    }
    return Arena.ofShared();
  }

  @Override
  public void close() {
    generation++;
    if (workspaceArena != null) {
      workspaceArena.close();
      workspaceArena = null;
      workspace = MemorySegment.NULL;
    }
    if (scratchArena != null) {
      scratchArena.close();
      scratchArena = null;
      scratchBytes = 0;
    }
  }
}
