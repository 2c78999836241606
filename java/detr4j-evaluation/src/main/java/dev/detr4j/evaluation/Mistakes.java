package dev.detr4j.evaluation;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What went wrong on which image, at an IoU of 0.50 and for objects of all sizes.
 *
 * <p>Detections below a threshold are left out here: that at which F1 over all classes is best. An
 * image costs the score of each wrong detection, and 1 for each missed object, less the score of a
 * detection below the threshold that would have found it.
 *
 * <p>Immutable and thread-safe.
 */
public final class Mistakes {
  /** From here on a wrong detection of the right class is in the wrong place, not on nothing. */
  private static final double NEAR = 0.1;

  private static final double FOUND = 0.5;

  /** The ways in which a detection is wrong. */
  public enum Kind {
    /** No object is there. */
    BACKGROUND("nothing there"),
    /** An object of its class is near, but not within IoU 0.50. */
    MISPLACED("badly placed"),
    /** An object of another class is there. */
    WRONG_CLASS("another class"),
    /** A detection with a greater score found the object already. */
    DUPLICATE("found twice");

    private final String words;

    Kind(String words) {
      this.words = words;
    }

    /** For a heading or a table. */
    public String words() {
      return words;
    }
  }

  /** A wrong detection. */
  public record Wrong(ScoredBox detection, Kind kind) {}

  /**
   * One image with at least one object or detection.
   *
   * @param missed objects that no detection found
   * @param wrong by falling score
   * @param right by falling score
   * @param cost how bad it is
   */
  public record OnImage(
      AnnotatedImage image,
      List<AnnotatedBox> missed,
      List<Wrong> wrong,
      List<ScoredBox> right,
      double cost) {
    /** Copies the lists. */
    public OnImage {
      missed = List.copyOf(missed);
      wrong = List.copyOf(wrong);
      right = List.copyOf(right);
    }
  }

  private final OperatingPoint best;
  private final List<OnImage> images;

  private Mistakes(OperatingPoint best, List<OnImage> images) {
    this.best = best;
    this.images = images;
  }

  /** What has been matched on an image, class by class. */
  private record Matched(Candidates candidates, Matching matching) {}

  /**
   * Looks for mistakes.
   *
   * @throws EvaluationException when a detection is on an image that the annotations do not have
   */
  public static Mistakes of(Annotations annotations, List<ScoredBox> detections) {
    CandidateTable table = new CandidateTable(annotations, detections);
    Map<Integer, List<Matched>> byImage = new HashMap<>();
    for (int c = 0; c < annotations.categories().size(); c++) {
      table
          .category(c)
          .forEach((image, candidates) ->
              byImage
                  .computeIfAbsent(image, absent -> new ArrayList<>())
                  .add(new Matched(candidates, Matching.of(candidates, AreaRange.ALL, FOUND))));
    }
    OperatingPoint best = best(byImage.values().stream().flatMap(List::stream).toList());
    List<OnImage> images =
        byImage.entrySet().stream()
            .map(entry ->
                onImage(annotations.images().get(entry.getKey()), entry.getValue(), best.score()))
            .sorted(
                Comparator.comparingDouble(OnImage::cost)
                    .reversed()
                    .thenComparing(each -> each.image().id()))
            .toList();
    return new Mistakes(best, images);
  }

  private static OperatingPoint best(List<Matched> all) {
    List<OperatingPoint.Outcome> outcomes = new ArrayList<>();
    int objects = 0;
    for (Matched matched : all) {
      Matching matching = matched.matching();
      objects += matching.counted();
      List<ScoredBox> detections = matched.candidates().detections();
      for (int d = 0; d < detections.size(); d++) {
        if (!matching.ignored(d)) {
          boolean right = matching.right(d);
          outcomes.add(new OperatingPoint.Outcome(detections.get(d).score(), right));
        }
      }
    }
    return OperatingPoint.best(outcomes, objects);
  }

  private static OnImage onImage(AnnotatedImage image, List<Matched> classes, double threshold) {
    List<AnnotatedBox> objects =
        classes.stream().flatMap(each -> each.candidates().objects().stream()).toList();
    List<AnnotatedBox> missed = new ArrayList<>();
    List<Wrong> wrong = new ArrayList<>();
    List<ScoredBox> right = new ArrayList<>();
    double cost = 0;
    for (Matched each : classes) {
      List<AnnotatedBox> own = each.candidates().objects();
      double[] finder = new double[own.size()];
      for (int d = 0; d < each.candidates().detections().size(); d++) {
        ScoredBox detection = each.candidates().detections().get(d);
        boolean shown = detection.score() >= threshold;
        if (each.matching().ignored(d)) {
          continue;
        }
        if (each.matching().right(d)) {
          finder[each.matching().objectOf(d)] = detection.score();
          if (shown) {
            right.add(detection);
          }
        } else if (shown) {
          wrong.add(new Wrong(detection, kind(detection, objects)));
          cost += detection.score();
        }
      }
      for (int o = 0; o < own.size(); o++) {
        if (!each.matching().objectIgnored(o) && !(finder[o] >= threshold && finder[o] > 0)) {
          missed.add(own.get(o));
          cost += 1 - finder[o];
        }
      }
    }
    wrong.sort(Comparator.comparingDouble((Wrong each) -> each.detection().score()).reversed());
    right.sort(Comparator.comparingDouble(ScoredBox::score).reversed());
    return new OnImage(image, missed, wrong, right, cost);
  }

  private static Kind kind(ScoredBox detection, List<AnnotatedBox> objects) {
    double same = 0;
    double other = 0;
    for (AnnotatedBox object : objects) {
      if (!object.crowd()) {
        double overlap = detection.box().iou(object.box());
        if (object.categoryId().equals(detection.categoryId())) {
          same = Math.max(same, overlap);
        } else {
          other = Math.max(other, overlap);
        }
      }
    }
    if (same >= FOUND) {
      return Kind.DUPLICATE;
    }
    if (other >= FOUND) {
      return Kind.WRONG_CLASS;
    }
    return same >= NEAR ? Kind.MISPLACED : Kind.BACKGROUND;
  }

  /** The threshold of scores that was taken, with precision and recall there. */
  public OperatingPoint best() {
    return best;
  }

  /** Every image with an object or a detection, the worst first. */
  public List<OnImage> images() {
    return images;
  }

  /** The number of missed objects. */
  public int missed() {
    return images.stream().mapToInt(each -> each.missed().size()).sum();
  }

  /** The number of wrong detections of a kind. */
  public long wrong(Kind kind) {
    return images.stream()
        .flatMap(each -> each.wrong().stream())
        .filter(each -> each.kind() == kind)
        .count();
  }
}
