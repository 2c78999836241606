package dev.detr4j.parity;

import dev.detr4j.backend.Queue;
import dev.detr4j.error.CheckpointException;
import dev.detr4j.tensor.Shape;
import dev.detr4j.tensor.TensorView;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * A tensor of a finished run, copied to the host and read by the flat index that the original's
 * layout gives: NCHW for maps, which lie channels last here, row-major otherwise.
 */
final class BackendTensor implements ExpectedTensor.Values {
  private final TensorView view;
  private final MemorySegment host;
  private final long rows;
  private final long columns;
  private final boolean map;

  private BackendTensor(TensorView view, MemorySegment host, boolean map) {
    this.view = view;
    this.host = host;
    this.rows = view.rows();
    this.columns = view.columns();
    this.map = map;
  }

  /**
   * Waits for the run and copies.
   *
   * @param stored the shape in the original's layout
   * @throws CheckpointException when the tensor does not have the stored shape
   */
  static BackendTensor download(
      Queue queue, String name, TensorView view, Shape stored, Arena arena) {
    Shape expected =
        stored.rank() == 4
            ? Shape.of(stored.get(0), stored.get(2), stored.get(3), stored.get(1))
            : stored;
    if (!view.shape().equals(expected)) {
      throw new CheckpointException(
          "stage %s is %s here, the stored one is %s"
              .formatted(
                  name, view.shape(), stored + (stored.rank() == 4 ? " (channels first)" : "")));
    }
    MemorySegment host = arena.allocate(Math.max(4, view.spanBytes()), 64);
    queue.download(view.buffer(), view.offset(), host, 0, view.spanBytes());
    queue.synchronise();
    return new BackendTensor(view, host, stored.rank() == 4);
  }

  /** The element that has this index in the original's layout. */
  @Override
  public float get(long flatIndex) {
    long perItem = rows * columns;
    long within = flatIndex % perItem;
    return element(
        flatIndex / perItem,
        map ? within % rows : within / columns,
        map ? within / rows : within % columns);
  }

  /** An element by batch item, row and column. */
  float element(long item, long row, long column) {
    return host.get(ValueLayout.JAVA_FLOAT, 4 * at(item, row, column));
  }

  /** An element of an I32 tensor. */
  int integer(long item, long row, long column) {
    return host.get(ValueLayout.JAVA_INT, 4 * at(item, row, column));
  }

  private long at(long item, long row, long column) {
    return item * view.batchStride() + row * view.rowStride() + column;
  }
}
