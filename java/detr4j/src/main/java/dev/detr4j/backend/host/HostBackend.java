package dev.detr4j.backend.host;

import dev.detr4j.backend.Backend;
import dev.detr4j.backend.BackendKind;
import dev.detr4j.backend.BackendOptions;
import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.OperandTypes;
import dev.detr4j.backend.Queue;
import dev.detr4j.error.BackendException;
import dev.detr4j.op.OpSpec;
import dev.detr4j.runtime.WorkerPool;
import dev.detr4j.tensor.Buffer;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A backend on the host's processors: off-heap buffers, a worker pool, and a table of operations.
 *
 * <p>The {@code reference}, {@code vector} and {@code c} backends are this class with different
 * tables.
 */
public final class HostBackend implements Backend {
  private final BackendKind kind;
  private final String instructionSet;
  private final Map<Class<? extends OpSpec>, HostOp<?>> ops;
  private final WorkerPool pool;
  private final HostWeights weights;
  private final String model;
  private final Runnable changed;

  /**
   * Makes a backend from its table of operations.
   *
   * @param options of which it takes the threads and the name of the model
   */
  public HostBackend(
      BackendKind kind,
      String instructionSet,
      Map<Class<? extends OpSpec>, HostOp<?>> ops,
      BackendOptions options) {
    this(kind, instructionSet, ops, options, () -> {});
  }

  /**
   * As above, for operations that hold weights in a form of their own.
   *
   * @param changed makes that form anew of the weights that change, see {@link #packChanged}
   */
  public HostBackend(
      BackendKind kind,
      String instructionSet,
      Map<Class<? extends OpSpec>, HostOp<?>> ops,
      BackendOptions options,
      Runnable changed) {
    this.changed = changed;
    this.kind = kind;
    this.instructionSet = instructionSet;
    this.ops = Map.copyOf(ops);
    this.pool =
        options.ownWorkers()
            ? WorkerPool.own(options.threads(), "detr4j-" + kind.id())
            : WorkerPool.shared(options.threads());
    this.weights = new HostWeights(pool);
    this.model = options.model();
  }

  @Override
  public BackendKind kind() {
    return kind;
  }

  @Override
  public String device() {
    int threads = pool.threads();
    return (threads == 1 ? "1 thread" : threads + " threads") + " of " + HostProcessor.name();
  }

  @Override
  public String instructionSet() {
    return instructionSet;
  }

  /** The packed weights of this detector. */
  public HostWeights weights() {
    return weights;
  }

  /**
   * Packs the weights that change anew, in the memory that kernels know; no program runs meanwhile.
   * Whoever changed them calls this.
   */
  public void packChanged() {
    weights.packChanged();
    changed.run();
  }

  /** The threads that run tiles. */
  public WorkerPool workers() {
    return pool;
  }

  /** The name of the model that this backend runs, or empty. */
  String model() {
    return model;
  }

  @Override
  public @Nullable String refusal(OpSpec op) {
    HostOp<OpSpec> table = table(op);
    return table == null
        ? "backend " + kind.id() + " has no kernel for " + op.getClass().getSimpleName()
        : table.refusal(op);
  }

  @Override
  public OperandTypes operandTypes(OpSpec op) {
    HostOp<OpSpec> table = table(op);
    return table == null ? OperandTypes.AS_IN_GRAPH : table.operandTypes(op);
  }

  @Override
  public Buffer allocate(long bytes) {
    return new HostBuffer(bytes);
  }

  @Override
  public MemorySegment hostMemory(Arena arena, long bytes) {
    return HostMemory.allocate(arena, bytes, "copies from and to backend " + kind.id());
  }

  @Override
  public long weightBytes() {
    return weights.bytes();
  }

  @Override
  public Queue newQueue() {
    return new HostQueue(this, pool);
  }

  @Override
  public void close() {
    pool.close();
    weights.close();
  }

  /** How a node runs here; throws {@link BackendException} where the backend has no kernel. */
  HostOp<OpSpec> tableOf(BoundNode node) {
    HostOp<OpSpec> table = table(node.op());
    if (table == null) {
      throw new BackendException(node.label() + ": " + refusal(node.op()));
    }
    return table;
  }

  @SuppressWarnings("unchecked") // The table maps each class to the HostOp of that class.
  private @Nullable HostOp<OpSpec> table(OpSpec op) {
    return (HostOp<OpSpec>) ops.get(op.getClass());
  }
}
