package dev.detr4j.backend;

import dev.detr4j.tensor.Buffer;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The work of one session on a device, in order: copies to the device, programs, copies back.
 *
 * <pre>{@code
 * queue.upload(pixels, 0, staging, 0, bytes);
 * queue.submit(resize);
 * queue.submit(network);
 * queue.download(slab, offset, logits, 0, logits.byteSize());
 * queue.synchronise(); // now the logits are there
 * }</pre>
 *
 * <p>Every command sees what the commands before it wrote. Commands may return before the device
 * has run them, and a queue may hold commands back until {@link #synchronise}: the commands between
 * two synchronisations are one call, and a device that can record commands is free to submit them
 * as one. The processors of the host have nothing to gain from that: their queue runs each command
 * at once.
 *
 * <p>A kernel that fails ends in a {@link dev.detr4j.error.BackendException} that names its node,
 * thrown by {@link #submit} or by a later command, at the latest by {@link #synchronise}.
 *
 * <p>One thread at a time uses a queue. No command but {@link #compile} allocates on the heap once
 * a program has run. Queues of a backend do not wait for each other: before a second queue reads
 * what a first one wrote, the first is synchronised. The owner closes the queue after its programs
 * and before the backend.
 */
public interface Queue extends AutoCloseable {
  /**
   * Binds nodes to kernels, packing weights that are not packed yet. The program runs the nodes in
   * this order, on this queue; what its kernels need for themselves while they run is memory of the
   * queue.
   */
  Program compile(List<BoundNode> nodes);

  /**
   * Copies host bytes into a buffer; returns when the host memory may be reused. Memory of {@link
   * Backend#hostMemory} is copied without a stop in between.
   */
  void upload(MemorySegment host, long hostOffset, Buffer buffer, long offset, long bytes);

  /**
   * Copies rows that lie apart in host memory into a buffer where they follow each other; returns
   * when the host memory may be reused.
   *
   * @param hostStride bytes from one row to the next, at least {@code rowBytes}
   */
  default void uploadRows(
      MemorySegment host, long hostStride, Buffer buffer, long offset, long rowBytes, int rows) {
    if (hostStride == rowBytes) {
      upload(host, 0, buffer, offset, rowBytes * rows);
      return;
    }
    for (int row = 0; row < rows; row++) {
      upload(host, row * hostStride, buffer, offset + row * rowBytes, rowBytes);
    }
  }

  /** Runs a program of this queue. */
  void submit(Program program);

  /**
   * Sets what decides, from now on, whether a program goes on after each of its steps. A device
   * that cannot stop within a program asks before each program. What the signal throws, {@link
   * #submit} throws; outputs of the program are then undefined, and the queue can be used again.
   *
   * @param signal null to run every program to its end, as a new queue does
   */
  void askBetweenSteps(@Nullable StopSignal signal);

  /**
   * Runs a program of this queue, waits for it, and adds the nanoseconds of each node to the entry
   * of its index.
   */
  void measure(Program program, long[] nanoseconds);

  /**
   * Copies bytes of a buffer to host memory, where they are after {@link #synchronise}. Memory of
   * {@link Backend#hostMemory} is copied without a stop in between.
   */
  void download(Buffer buffer, long offset, MemorySegment host, long hostOffset, long bytes);

  /** Waits until the device has run every command. */
  void synchronise();

  /**
   * Kernels that this queue has put on its device since it was opened, those of a program once; 0
   * where nodes are no kernels of a device.
   */
  default long launches() {
    return 0;
  }

  /** Bytes that the queue holds for its programs while they run. */
  long bytes();

  /** Waits for the device, then frees what the queue holds. Closing twice has no effect. */
  @Override
  void close();
}
