package dev.detr4j.session;

import dev.detr4j.backend.Backend;
import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.Program;
import dev.detr4j.backend.Queue;
import dev.detr4j.op.SoftNms;
import dev.detr4j.postprocess.DetectionSink;
import dev.detr4j.postprocess.Postprocessing;
import dev.detr4j.tensor.Buffer;
import dev.detr4j.tensor.ElementType;
import dev.detr4j.tensor.Shape;
import dev.detr4j.tensor.TensorView;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/**
 * Soft-NMS within each class on the detections of another post-processing, as birder does on
 * request, by the operation of a backend. Detections come in the order of suppression, with lowered
 * scores; the threshold applies to those.
 *
 * <p>birder suppresses in pixels of the resized image; overlaps are the same in those of the
 * original but for rounding. Owns neither backend nor queue.
 */
public final class SoftSuppression implements Postprocessing {
  private static final long ALIGNMENT = 64;

  private final Postprocessing selection;
  private final Queue queue;
  private final int capacity;
  private final int[] queries;
  private final Arena arena = Arena.ofShared();
  private final Places places;
  private final MemorySegment host;
  private final Buffer buffer;
  private final Program program;
  private final DetectionSink candidates = this::accept;
  private int count;

  /** Where tensors begin, in bytes: the same on the host and on the device. */
  private record Places(
      long scores, long labels, long keptScores, long indices, long kept, long end) {
    static Places of(int capacity) {
      long each = padded(4L * capacity);
      long scores = padded(16L * capacity);
      long outputs = scores + 2 * each;
      return new Places(
          scores,
          scores + each,
          outputs,
          outputs + each,
          outputs + 2 * each,
          outputs + 2 * each + ALIGNMENT);
    }

    private static long padded(long bytes) {
      return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }
  }

  /**
   * Suppresses what {@code selection} selects; closes it in the end.
   *
   * @param queue a queue of the backend, which runs the operation
   */
  public SoftSuppression(Postprocessing selection, SoftNms rule, Backend backend, Queue queue) {
    this.selection = selection;
    this.queue = queue;
    capacity = selection.capacity();
    queries = new int[capacity];
    places = Places.of(capacity);
    host = backend.hostMemory(arena, places.end);
    buffer = backend.allocate(places.end);
    try {
      program =
          queue.compile(
              List.of(
                  new BoundNode(
                      "postprocess",
                      rule,
                      List.of(
                          new TensorView(
                              buffer,
                              0,
                              ElementType.F32,
                              Shape.of(1, capacity, 4),
                              4,
                              4L * capacity),
                          row(places.scores, ElementType.F32, capacity),
                          row(places.labels, ElementType.I32, capacity)),
                      List.of(
                          row(places.keptScores, ElementType.F32, capacity),
                          row(places.indices, ElementType.I32, capacity),
                          row(places.kept, ElementType.I32, 1)))));
    } catch (Throwable e) {
      buffer.close();
      arena.close();
      throw e;
    }
  }

  private TensorView row(long offset, ElementType type, int length) {
    return new TensorView(buffer, offset, type, Shape.of(1, length), length, length);
  }

  @Override
  public int capacity() {
    return capacity;
  }

  private void accept(
      int query, int label, float score, float xMin, float yMin, float xMax, float yMax) {
    queries[count] = query;
    host.set(ValueLayout.JAVA_FLOAT, 16L * count, xMin);
    host.set(ValueLayout.JAVA_FLOAT, 16L * count + 4, yMin);
    host.set(ValueLayout.JAVA_FLOAT, 16L * count + 8, xMax);
    host.set(ValueLayout.JAVA_FLOAT, 16L * count + 12, yMax);
    host.set(ValueLayout.JAVA_FLOAT, places.scores + 4L * count, score);
    host.set(ValueLayout.JAVA_INT, places.labels + 4L * count, label);
    count++;
  }

  @Override
  public int select(
      MemorySegment logits,
      MemorySegment boxes,
      int image,
      int originalWidth,
      int originalHeight,
      float threshold,
      DetectionSink sink) {
    count = 0;
    // Scores are positive: every candidate takes part, whatever the threshold.
    selection.select(logits, boxes, image, originalWidth, originalHeight, -1f, candidates);
    if (count == 0) {
      return 0;
    }
    fill();
    queue.upload(host, 0, buffer, 0, places.keptScores);
    queue.submit(program);
    queue.download(
        buffer, places.keptScores, host, places.keptScores, places.end - places.keptScores);
    queue.synchronise();
    int kept = host.get(ValueLayout.JAVA_INT, places.kept);
    int passed = 0;
    for (int i = 0; i < kept; i++) {
      float score = host.get(ValueLayout.JAVA_FLOAT, places.keptScores + 4L * i);
      if (score > threshold) {
        int at = host.get(ValueLayout.JAVA_INT, places.indices + 4L * i);
        sink.accept(
            queries[at],
            host.get(ValueLayout.JAVA_INT, places.labels + 4L * at),
            score,
            host.get(ValueLayout.JAVA_FLOAT, 16L * at),
            host.get(ValueLayout.JAVA_FLOAT, 16L * at + 4),
            host.get(ValueLayout.JAVA_FLOAT, 16L * at + 8),
            host.get(ValueLayout.JAVA_FLOAT, 16L * at + 12));
        passed++;
      }
    }
    return passed;
  }

  /**
   * The operation takes a list of one length: where there are fewer candidates, the first box comes
   * again with a score that no threshold lets pass, so that neither the largest coordinate changes
   * nor any score.
   */
  private void fill() {
    for (int i = count; i < capacity; i++) {
      MemorySegment.copy(host, 0, host, 16L * i, 16);
      host.set(ValueLayout.JAVA_FLOAT, places.scores + 4L * i, Float.NEGATIVE_INFINITY);
      host.set(ValueLayout.JAVA_INT, places.labels + 4L * i, 0);
    }
  }

  @Override
  public void close() {
    selection.close();
    program.close();
    buffer.close();
    arena.close();
  }
}
