package dev.detr4j.backend.host;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.Program;
import dev.detr4j.backend.StopSignal;
import dev.detr4j.event.Steps;
import dev.detr4j.runtime.WorkerPool;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Kernels in order on the worker pool; each kernel ends before the next begins. Binds itself anew
 * when the workspace of its queue has been replaced.
 */
final class HostProgram implements Program {
  private final List<BoundNode> nodes;
  private final HostBackend backend;
  private final WorkerPool pool;
  private final WorkingMemory memory;
  private final String[] labels;
  private final String[] operations;
  private final Steps steps;
  private HostKernel[] kernels = {};
  private int[] tiles = {};
  private int[] owners = {};
  private @Nullable Arena arena;
  private int boundTo;
  private boolean closed;

  HostProgram(List<BoundNode> nodes, HostBackend backend, WorkerPool pool, WorkingMemory memory) {
    this.nodes = List.copyOf(nodes);
    this.backend = backend;
    this.pool = pool;
    this.memory = memory;
    this.steps = new Steps(backend.model());
    this.labels = new String[nodes.size()];
    this.operations = new String[nodes.size()];
    for (int i = 0; i < labels.length; i++) {
      labels[i] = nodes.get(i).label();
      operations[i] = nodes.get(i).op().getClass().getSimpleName();
    }
    bind();
  }

  /** The memory of the queue that this program belongs to. */
  WorkingMemory memory() {
    return memory;
  }

  private void bind() {
    unbind();
    Arena fresh = Arena.ofShared();
    try {
      HostContext context = new HostContext(backend.weights(), pool.threads(), fresh);
      long workspaceBytes = 64;
      for (BoundNode node : nodes) {
        workspaceBytes =
            Math.max(
                workspaceBytes, backend.tableOf(node).workspaceBytes(node.op(), node, context));
      }
      MemorySegment workspace = memory.workspace(workspaceBytes);
      List<HostKernel> bound = new ArrayList<>();
      List<Integer> ofNode = new ArrayList<>();
      long scratchBytes = 64;
      for (int i = 0; i < nodes.size(); i++) {
        BoundNode node = nodes.get(i);
        for (HostKernel kernel : backend.tableOf(node).bind(node.op(), node, context, workspace)) {
          bound.add(kernel);
          ofNode.add(i);
          scratchBytes = Math.max(scratchBytes, kernel.scratchBytes());
        }
      }
      memory.growScratch(scratchBytes);
      kernels = bound.toArray(new HostKernel[0]);
      tiles = bound.stream().mapToInt(HostKernel::tiles).toArray();
      owners = ofNode.stream().mapToInt(Integer::intValue).toArray();
      arena = fresh;
      boundTo = memory.generation();
    } catch (Throwable e) {
      fresh.close();
      throw e;
    } finally {
      backend.weights().unstage();
    }
  }

  /**
   * Runs all nodes; where times are asked for, adds those of each node to its entry. The signal is
   * asked ahead of each kernel.
   */
  void run(long @Nullable [] nanoseconds, @Nullable StopSignal signal) {
    if (arena == null || boundTo != memory.generation()) {
      if (closed) {
        throw new IllegalStateException("the program is closed");
      }
      bind();
    }
    MemorySegment[] scratch = memory.scratch();
    for (int i = 0; i < kernels.length; i++) {
      if (signal != null) {
        signal.check();
      }
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

  private void unbind() {
    if (arena != null) {
      arena.close();
      arena = null;
    }
  }

  @Override
  public void close() {
    closed = true;
    unbind();
  }
}
