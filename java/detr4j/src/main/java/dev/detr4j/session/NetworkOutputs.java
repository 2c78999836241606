package dev.detr4j.session;

import dev.detr4j.backend.Backend;
import dev.detr4j.backend.Queue;
import dev.detr4j.model.graph.DetectionModel;
import dev.detr4j.plan.ExecutionPlan;
import dev.detr4j.tensor.TensorView;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Host memory for what the network of one session leaves: logits and boxes of a batch. Not
 * thread-safe, as the session; reading a batch no larger than one before allocates nothing.
 */
public final class NetworkOutputs implements AutoCloseable {
  private final Backend backend;
  private final Queue queue;
  private @Nullable Arena arena;
  private MemorySegment logits = MemorySegment.NULL;
  private MemorySegment boxes = MemorySegment.NULL;

  /** Without memory; owns neither backend nor queue. */
  public NetworkOutputs(Backend backend, Queue queue) {
    this.backend = backend;
    this.queue = queue;
  }

  /** Waits for the run of a plan and copies its outputs. */
  public void download(ExecutionPlan plan) {
    TensorView logitsView = plan.output(DetectionModel.LOGITS);
    TensorView boxesView = plan.output(DetectionModel.PRED_BOXES);
    if (logits.byteSize() < logitsView.spanBytes() || boxes.byteSize() < boxesView.spanBytes()) {
      grow(logitsView.spanBytes(), boxesView.spanBytes());
    }
    queue.download(logitsView.buffer(), logitsView.offset(), logits, 0, logitsView.spanBytes());
    queue.download(boxesView.buffer(), boxesView.offset(), boxes, 0, boxesView.spanBytes());
    queue.synchronise();
  }

  private void grow(long logitsBytes, long boxesBytes) {
    close();
    Arena larger = Arena.ofShared();
    arena = larger;
    logits = backend.hostMemory(larger, logitsBytes);
    boxes = backend.hostMemory(larger, boxesBytes);
  }

  /** Class logits of the batch, {@code [N, Q, K]}. */
  public MemorySegment logits() {
    return logits;
  }

  /** Boxes of the batch, {@code [N, Q, 4]}. */
  public MemorySegment boxes() {
    return boxes;
  }

  @Override
  public void close() {
    logits = MemorySegment.NULL;
    boxes = MemorySegment.NULL;
    if (arena != null) {
      arena.close();
      arena = null;
    }
  }
}
