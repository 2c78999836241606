package dev.detr4j;

import dev.detr4j.postprocess.DetectionSink;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The detections of one image, in the order of the model's post-processing.
 *
 * <p>{@link DetectorSession#newDetections} makes an instance, and each call refills it. Reading
 * allocates nothing. Coordinates are pixels of the image that was passed in; they are clipped to
 * the image if the model's project does so (detrex, mmdetection). Not thread-safe.
 */
public final class Detections {
  private final List<String> labels;
  private final int[] labelIds;
  private final int[] queries;
  private final float[] scores;
  private final float[] corners;
  private final DetectionSink sink = this::add;
  private int size;

  Detections(int capacity, List<String> labels) {
    this.labels = labels;
    labelIds = new int[capacity];
    queries = new int[capacity];
    scores = new float[capacity];
    corners = new float[4 * capacity];
  }

  /** The number of detections. */
  public int size() {
    return size;
  }

  /** The class name; {@code LABEL_<id>} when the checkpoint names fewer classes. */
  public String label(int index) {
    int id = labelId(index);
    return id < labels.size() ? labels.get(id) : "LABEL_" + id;
  }

  /** The class index of the model. */
  public int labelId(int index) {
    return labelIds[check(index)];
  }

  /** The confidence in 0..1. */
  public float score(int index) {
    return scores[check(index)];
  }

  /** The left edge in pixels. */
  public float xMin(int index) {
    return corners[4 * check(index)];
  }

  /** The upper edge in pixels. */
  public float yMin(int index) {
    return corners[4 * check(index) + 1];
  }

  /** The right edge in pixels. */
  public float xMax(int index) {
    return corners[4 * check(index) + 2];
  }

  /** The lower edge in pixels. */
  public float yMax(int index) {
    return corners[4 * check(index) + 3];
  }

  /** The object query of the decoder that found the object. */
  public int query(int index) {
    return queries[check(index)];
  }

  /** A copy of the detections, which later calls do not change. */
  public List<Detection> toList() {
    return toList(null);
  }

  /** As above, of these classes only; of all when null. */
  List<Detection> toList(@Nullable Set<String> wanted) {
    List<Detection> all = new ArrayList<>(size);
    for (int i = 0; i < size; i++) {
      String label = label(i);
      if (wanted == null || wanted.contains(label)) {
        Box box = new Box(xMin(i), yMin(i), xMax(i), yMax(i));
        all.add(new Detection(label, labelId(i), score(i), box));
      }
    }
    return List.copyOf(all);
  }

  /** As {@link #toList} has it. */
  @Override
  public String toString() {
    return toList().toString();
  }

  /** Drops the detections of the last call; returns what takes those of the next. */
  DetectionSink emptied() {
    size = 0;
    return sink;
  }

  private void add(
      int query, int label, float score, float xMin, float yMin, float xMax, float yMax) {
    queries[size] = query;
    labelIds[size] = label;
    scores[size] = score;
    corners[4 * size] = xMin;
    corners[4 * size + 1] = yMin;
    corners[4 * size + 2] = xMax;
    corners[4 * size + 3] = yMax;
    size++;
  }

  /** Whether they can hold what a session finds, and name it by the labels of its detector. */
  boolean fit(int capacity, List<String> ofDetector) {
    return scores.length >= capacity && labels.equals(ofDetector);
  }

  private int check(int index) {
    if (index < 0 || index >= size) {
      throw new IndexOutOfBoundsException("detection " + index + " of " + size);
    }
    return index;
  }
}
