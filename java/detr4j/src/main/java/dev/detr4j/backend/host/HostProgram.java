package dev.detr4j.backend.host;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.Program;
import dev.detr4j.event.Steps;
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
  private final String[] operations;
  private final int[] owners;
  private final MemorySegment[] scratch;
  private final WorkerPool pool;
  private final Arena arena;
  private final Steps steps = new Steps();

  HostProgram(
      List<HostKernel> kernels,
      List<BoundNode> nodes,
      List<Integer> owners,
      WorkerPool pool,
      Arena arena) {
    this.kernels = kernels.toArray(new HostKernel[0]);
    this.labels = new String[nodes.size()];
    this.operations = new String[nodes.size()];
    for (int i = 0; i < labels.length; i++) {
      labels[i] = nodes.get(i).label();
      operations[i] = nodes.get(i).op().getClass().getSimpleName();
    }
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
      int node = owners[i];
      if (i == 0 || owners[i - 1] != node) {
        steps.started();
      }
      long start = nanoseconds == null ? 0 : System.nanoTime();
      pool.run(kernels[i], tiles[i], scratch, labels[node]);
      if (nanoseconds != null) {
        nanoseconds[node] += System.nanoTime() - start;
      }
      if (i + 1 == kernels.length || owners[i + 1] != node) {
        steps.finished(labels[node], operations[node]);
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
