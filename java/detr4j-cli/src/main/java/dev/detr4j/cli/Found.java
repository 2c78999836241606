package dev.detr4j.cli;

import dev.detr4j.Detections;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** One detection, in pixels of its image. */
record Found(
    String label, int labelId, float score, float xMin, float yMin, float xMax, float yMax) {
  /**
   * A copy of the detections that pass the filter, best first. DETR's post-processing keeps the
   * order of the queries, which says nothing to whom reads them; equal scores stay in it.
   */
  static List<Found> of(Detections found, LabelFilter filter) {
    List<Found> kept = new ArrayList<>();
    for (int i = 0; i < found.size(); i++) {
      if (filter.keeps(found.labelId(i))) {
        kept.add(
            new Found(
                found.label(i),
                found.labelId(i),
                found.score(i),
                found.xMin(i),
                found.yMin(i),
                found.xMax(i),
                found.yMax(i)));
      }
    }
    kept.sort(Comparator.comparing(Found::score, Comparator.reverseOrder()));
    return kept;
  }
}
