package dev.detr4j.backend.host;

import dev.detr4j.backend.Program;
import dev.detr4j.runtime.WorkerPool;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Kernels in order on the worker pool; each kernel ends before the next begins. */
final class HostProgram implements Program {
  private final HostKernel[] kernels;
  private final int[] tiles;
  private final String[] labels;
  private final int[] owners;
  private final MemorySegment[] scratch;
  private final WorkerPool pool;
  private final Arena arena;

  HostProgram(
      List<HostKernel> kernels,
      List<String> labels,
      List<Integer> owners,
      WorkerPool pool,
      Arena arena) {
    this.kernels = kernels.toArray(new HostKernel[0]);
    this.labels = labels.toArray(new String[0]);
    this.owners = owners.stream().mapToInt(Integer::intValue).toArray();
    this.pool = pool;
    this.arena = arena;
    long scratchBytes = 64;
    tiles = new int[this.kernels.length];
    for (int i = 0; i < tiles.length; i++) {
      tiles[i] = this.kernels[i].tiles();
      scratchBytes = Math.max(scratchBytes, this.kernels[i].scratchBytes());
    }
    scratch = new MemorySegment[pool.threads()];
    for (int i = 0; i < scratch.length; i++) {
      // A cache line apart at least, so that workers do not share one.
      scratch[i] = arena.allocate((scratchBytes + 127) & -64L, 64);
    }
  }

  @Override
  public void run() {
    run(null);
  }

  @Override
  public void run(long @Nullable [] nanoseconds) {
    for (int i = 0; i < kernels.length; i++) {
      long start = nanoseconds == null ? 0 : System.nanoTime();
      pool.run(kernels[i], tiles[i], scratch, labels[i]);
      if (nanoseconds != null) {
        nanoseconds[owners[i]] += System.nanoTime() - start;
      }
    }
  }

  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }
}
