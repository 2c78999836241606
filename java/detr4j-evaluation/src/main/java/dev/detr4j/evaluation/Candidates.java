package dev.detr4j.evaluation;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * What is annotated and what was detected of one class on one image, with the overlap of each pair.
 * Detections stand by falling score, ties in the order of the file; only the best are kept.
 */
final class Candidates {
  /** COCO looks at so many detections of a class on an image. */
  static final int MOST_DETECTIONS = 100;

  private final List<AnnotatedBox> objects = new ArrayList<>();
  private List<ScoredBox> detections = new ArrayList<>();
  private double[][] overlaps = {};

  void add(AnnotatedBox object) {
    objects.add(object);
  }

  void add(ScoredBox detection) {
    detections.add(detection);
  }

  /** To be called once, after the last {@code add}. */
  void seal() {
    List<ScoredBox> sorted = new ArrayList<>(detections);
    sorted.sort(Comparator.comparingDouble(ScoredBox::score).reversed());
    detections = List.copyOf(sorted.subList(0, Math.min(MOST_DETECTIONS, sorted.size())));
    overlaps = new double[detections.size()][objects.size()];
    for (int d = 0; d < overlaps.length; d++) {
      Box box = detections.get(d).box();
      for (int o = 0; o < objects.size(); o++) {
        AnnotatedBox object = objects.get(o);
        overlaps[d][o] = object.crowd() ? box.within(object.box()) : box.iou(object.box());
      }
    }
  }

  List<AnnotatedBox> objects() {
    return objects;
  }

  List<ScoredBox> detections() {
    return detections;
  }

  /** Whether there is an object to be found. */
  boolean counts(AreaRange range) {
    return objects.stream().anyMatch(each -> counts(each, range));
  }

  /** Whether an object is to be found: not a crowd, and of that size. */
  static boolean counts(AnnotatedBox object, AreaRange range) {
    return !object.crowd() && range.contains(object.area());
  }

  /** IoU, or for a crowd the part of the detection that lies in it. */
  double overlap(int detection, int object) {
    return overlaps[detection][object];
  }
}
