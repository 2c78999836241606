package dev.detr4j.session;

import dev.detr4j.backend.Backend;
import dev.detr4j.backend.Queue;
import dev.detr4j.plan.ExecutionPlan;
import dev.detr4j.postprocess.DetectionSink;
import dev.detr4j.tensor.TensorView;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;

/**
 * The plan selects, by {@link SelectionNodes}; here its entries are read and the threshold applied.
 */
final class DeviceSelection implements SelectionResult {
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT;
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;

  private final Backend backend;
  private final Queue queue;
  private final boolean suppressed;
  private final int entries;
  private int batch;
  private @Nullable Arena arena;
  private MemorySegment corners = MemorySegment.NULL;
  private MemorySegment scores = MemorySegment.NULL;
  private MemorySegment labels = MemorySegment.NULL;
  private MemorySegment queries = MemorySegment.NULL;
  private MemorySegment finite = MemorySegment.NULL;
  private MemorySegment kept = MemorySegment.NULL;
  private MemorySegment keptCount = MemorySegment.NULL;

  /**
   * Without memory; owns neither backend nor queue.
   *
   * @param entries of an image
   */
  DeviceSelection(SelectionNodes nodes, int entries, Backend backend, Queue queue) {
    this.suppressed = nodes.suppression() != null;
    this.entries = entries;
    this.backend = backend;
    this.queue = queue;
  }

  @Override
  public void download(ExecutionPlan plan) {
    int images = plan.output(SelectionNodes.FINITE).batch();
    if (finite.byteSize() < 4L * images) {
      grow(images);
    }
    batch = images;
    download(plan, SelectionNodes.CORNERS, corners);
    download(plan, SelectionNodes.SCORES, scores);
    download(plan, SelectionNodes.LABELS, labels);
    download(plan, SelectionNodes.QUERIES, queries);
    download(plan, SelectionNodes.FINITE, finite);
    if (suppressed) {
      download(plan, SelectionNodes.KEPT, kept);
      download(plan, SelectionNodes.KEPT_COUNT, keptCount);
    }
    queue.synchronise();
  }

  private void download(ExecutionPlan plan, String name, MemorySegment to) {
    TensorView view = plan.output(name);
    queue.download(view.buffer(), view.offset(), to, 0, view.spanBytes());
  }

  private void grow(int images) {
    close();
    Arena larger = Arena.ofShared();
    arena = larger;
    long each = 4L * images * entries;
    corners = backend.hostMemory(larger, 4 * each);
    scores = backend.hostMemory(larger, each);
    labels = backend.hostMemory(larger, each);
    queries = backend.hostMemory(larger, each);
    finite = backend.hostMemory(larger, 4L * images);
    if (suppressed) {
      kept = backend.hostMemory(larger, each);
      keptCount = backend.hostMemory(larger, 4L * images);
    }
  }

  @Override
  public int select(int image, int width, int height, float threshold, DetectionSink sink) {
    int count = suppressed ? keptCount.getAtIndex(INT, image) : entries;
    long first = (long) image * entries;
    int passed = 0;
    for (int i = 0; i < count; i++) {
      float score = scores.getAtIndex(FLOAT, first + i);
      if (score > threshold) {
        long at = first + (suppressed ? kept.getAtIndex(INT, first + i) : i);
        sink.accept(
            queries.getAtIndex(INT, at),
            labels.getAtIndex(INT, at),
            score,
            corners.getAtIndex(FLOAT, 4 * at),
            corners.getAtIndex(FLOAT, 4 * at + 1),
            corners.getAtIndex(FLOAT, 4 * at + 2),
            corners.getAtIndex(FLOAT, 4 * at + 3));
        passed++;
      }
    }
    return passed;
  }

  @Override
  public boolean isFinite(ExecutionPlan plan) {
    for (int image = 0; image < batch; image++) {
      if (finite.getAtIndex(INT, image) == 0) {
        return false;
      }
    }
    return true;
  }

  @Override
  public void close() {
    finite = MemorySegment.NULL;
    batch = 0;
    if (arena != null) {
      arena.close();
      arena = null;
    }
  }
}
