package dev.detr4j.evaluation;

import java.util.Arrays;
import java.util.List;

/**
 * Which detection found which object, as COCO decides it (evaluateImg of pycocotools): detections
 * choose by falling score, each takes the free object that it overlaps most, at least by the
 * threshold. Objects of another size and crowds are ignored: they are chosen last, and what matches
 * one counts neither as right nor as wrong. A crowd may be matched often.
 */
final class Matching {
  static final int NONE = -1;

  private final Candidates candidates;
  private final boolean[] objectIgnored;
  private final int[] objectOf;
  private final boolean[] detectionIgnored;

  private Matching(Candidates candidates) {
    this.candidates = candidates;
    objectIgnored = new boolean[candidates.objects().size()];
    objectOf = new int[candidates.detections().size()];
    detectionIgnored = new boolean[objectOf.length];
  }

  /** Matches objects of a range of sizes. */
  static Matching of(Candidates candidates, AreaRange range, double threshold) {
    Matching matching = new Matching(candidates);
    matching.run(range, Math.min(threshold, 1 - 1e-10));
    return matching;
  }

  private void run(AreaRange range, double threshold) {
    List<AnnotatedBox> objects = candidates.objects();
    int[] order = new int[objects.size()];
    int counted = 0;
    for (int o = 0; o < order.length; o++) {
      objectIgnored[o] = !Candidates.counts(objects.get(o), range);
      if (!objectIgnored[o]) {
        order[counted++] = o;
      }
    }
    int next = counted;
    for (int o = 0; o < order.length; o++) {
      if (objectIgnored[o]) {
        order[next++] = o;
      }
    }
    boolean[] taken = new boolean[order.length];
    Arrays.fill(objectOf, NONE);
    for (int d = 0; d < objectOf.length; d++) {
      int found = choose(d, order, counted, taken, threshold);
      objectOf[d] = found;
      if (found != NONE) {
        taken[found] = !objects.get(found).crowd();
        detectionIgnored[d] = objectIgnored[found];
      }
      // pycocotools keeps the id of the match and takes 0 for none.
      if (found == NONE || objects.get(found).id().isZero()) {
        detectionIgnored[d] |= !range.contains(candidates.detections().get(d).box().area());
      }
    }
  }

  private int choose(int detection, int[] order, int counted, boolean[] taken, double threshold) {
    int best = NONE;
    double least = threshold;
    for (int i = 0; i < order.length; i++) {
      int o = order[i];
      if (i >= counted && best != NONE && !objectIgnored[best]) {
        break;
      }
      if (!taken[o] && candidates.overlap(detection, o) >= least) {
        // Of equal ones the last.
        least = candidates.overlap(detection, o);
        best = o;
      }
    }
    return best;
  }

  /** How many objects were to be found. */
  int counted() {
    int counted = 0;
    for (boolean ignored : objectIgnored) {
      counted += ignored ? 0 : 1;
    }
    return counted;
  }

  /** Whether an object is a crowd or of another size. */
  boolean objectIgnored(int object) {
    return objectIgnored[object];
  }

  /** The object that a detection found, or {@link #NONE}. */
  int objectOf(int detection) {
    return objectOf[detection];
  }

  /** Whether the detection counts neither as right nor as wrong. */
  boolean ignored(int detection) {
    return detectionIgnored[detection];
  }

  /** Whether the detection is right, as pycocotools counts: never with an annotation of id 0. */
  boolean right(int detection) {
    int object = objectOf[detection];
    return object != NONE
        && !candidates.objects().get(object).id().isZero()
        && !detectionIgnored[detection];
  }
}
