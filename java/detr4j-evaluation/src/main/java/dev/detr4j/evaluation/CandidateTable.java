package dev.detr4j.evaluation;

import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The candidates of every class, by image. Detections of a class that is not annotated are left
 * out.
 */
final class CandidateTable {
  private final List<SortedMap<Integer, Candidates>> byCategory = new ArrayList<>();

  CandidateTable(Annotations annotations, List<ScoredBox> detections) {
    for (int c = 0; c < annotations.categories().size(); c++) {
      byCategory.add(new TreeMap<>());
    }
    for (AnnotatedBox box : annotations.boxes()) {
      at(annotations, box.categoryId(), box.imageId()).add(box);
    }
    for (ScoredBox box : detections) {
      if (annotations.imageIndex(box.imageId()) < 0) {
        throw new EvaluationException(
            "there is no image with id " + box.imageId() + " in the annotations");
      }
      if (annotations.categoryIndex(box.categoryId()) >= 0) {
        at(annotations, box.categoryId(), box.imageId()).add(box);
      }
    }
    byCategory.forEach(images -> images.values().forEach(Candidates::seal));
  }

  private Candidates at(Annotations annotations, CocoId category, CocoId image) {
    return byCategory
        .get(annotations.categoryIndex(category))
        .computeIfAbsent(annotations.imageIndex(image), absent -> new Candidates());
  }

  /** By the place of the image in {@link Annotations#images}, rising. */
  SortedMap<Integer, Candidates> category(int index) {
    return byCategory.get(index);
  }
}
