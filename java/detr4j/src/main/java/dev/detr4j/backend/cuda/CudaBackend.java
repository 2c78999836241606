package dev.detr4j.backend.cuda;

import dev.detr4j.backend.Backend;
import dev.detr4j.backend.BackendKind;
import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.NodeSharing;
import dev.detr4j.backend.OperandTypes;
import dev.detr4j.backend.Precision;
import dev.detr4j.backend.Queue;
import dev.detr4j.error.BackendException;
import dev.detr4j.ffi.CudaDevice;
import dev.detr4j.ffi.CudaException;
import dev.detr4j.ffi.generated.Detr4jCuda;
import dev.detr4j.op.OpSpec;
import dev.detr4j.tensor.Buffer;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A device with the packed weights of one detector, and a table of operations. */
final class CudaBackend implements Backend {
  private final CudaDevice device;
  private final Map<Class<? extends OpSpec>, CudaOp<?>> ops;
  private final Precision precision;
  private final CudaWeights weights = new CudaWeights(this);
  private final NodeSharing sharing = new LaunchSharing(this::joint);

  /** For weights, tables and zeros, which no session's queue brings; used by one thread at once. */
  private final MemorySegment loading;

  private boolean closed;

  CudaBackend(CudaDevice device, Map<Class<? extends OpSpec>, CudaOp<?>> ops, Precision precision) {
    this.device = device;
    this.precision = precision;
    this.ops = Map.copyOf(ops);
    this.loading = device.newQueue();
  }

  /** Its memory and queues. */
  CudaDevice memory() {
    return device;
  }

  CudaWeights weights() {
    return weights;
  }

  @Override
  public BackendKind kind() {
    return BackendKind.CUDA;
  }

  @Override
  public String device() {
    return device.name();
  }

  @Override
  public String instructionSet() {
    String emulated = Detr4jCuda.detr4j_cuda_emulated() == 1 ? "emulated " : "";
    String architecture = emulated + "sm_" + device.architecture();
    return precision == Precision.FP32
        ? architecture
        : architecture + " with " + precision.id() + " products";
  }

  @Override
  public @Nullable String refusal(OpSpec op) {
    CudaOp<OpSpec> entry = entry(op);
    return entry == null
        ? "backend cuda has no kernel for " + op.getClass().getSimpleName()
        : entry.refusal(op);
  }

  @Override
  public OperandTypes operandTypes(OpSpec op) {
    CudaOp<OpSpec> entry = entry(op);
    return entry == null ? OperandTypes.AS_IN_GRAPH : entry.operandTypes(op);
  }

  @Override
  public NodeSharing sharing() {
    return sharing;
  }

  @Override
  public boolean hasOwnMemory() {
    return true;
  }

  @Override
  public Buffer allocate(long bytes) {
    return new CudaBuffer(this, bytes);
  }

  /** Zeroed memory of the device; whoever asked frees it. */
  synchronized MemorySegment zeroed(long bytes) {
    try {
      MemorySegment memory = device.allocate(Math.max(bytes, 4));
      check(Detr4jCuda.detr4j_cuda_fill(loading, memory, 0, bytes), loading, "zeros");
      check(Detr4jCuda.detr4j_cuda_wait(loading), loading, "zeros");
      return memory;
    } catch (CudaException e) {
      throw new BackendException(String.valueOf(e.getMessage()), e);
    }
  }

  /** Copies host memory to the device and waits for it. */
  synchronized void uploadNow(MemorySegment to, MemorySegment values) {
    long bytes = values.byteSize();
    check(Detr4jCuda.detr4j_cuda_upload(loading, to, values, bytes), loading, "upload");
    check(Detr4jCuda.detr4j_cuda_wait(loading), loading, "upload");
  }

  @Override
  public MemorySegment hostMemory(Arena arena, long bytes) {
    try {
      return device.staging(arena, bytes);
    } catch (CudaException e) {
      throw new BackendException(String.valueOf(e.getMessage()), e);
    }
  }

  @Override
  public long weightBytes() {
    return weights.bytes();
  }

  @Override
  public Queue newQueue() {
    return new CudaQueue(this);
  }

  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      weights.close();
      Detr4jCuda.detr4j_cuda_queue_close(loading);
      device.close();
    }
  }

  /** What operations must have in common to share launches, or null where one has its own. */
  private @Nullable Object joint(OpSpec op) {
    CudaOp<OpSpec> entry = entry(op);
    return entry == null ? null : entry.joint(op);
  }

  /** How a node runs here. */
  CudaStep bind(BoundNode node, CudaContext context) {
    CudaOp<OpSpec> entry = entry(node.op());
    if (entry == null) {
      throw new BackendException(node.label() + ": " + refusal(node.op()));
    }
    return entry.bind(node.op(), node, context);
  }

  /** Throws what a call on a queue reported, with the name of what it was about. */
  static void check(int status, MemorySegment queue, String what) {
    if (status != Detr4jCuda.DETR4J_CUDA_OK()) {
      throw new BackendException(what + ": " + CudaDevice.error(queue));
    }
  }

  @SuppressWarnings("unchecked") // The table maps each class to the CudaOp of that class.
  private @Nullable CudaOp<OpSpec> entry(OpSpec op) {
    return (CudaOp<OpSpec>) ops.get(op.getClass());
  }
}
