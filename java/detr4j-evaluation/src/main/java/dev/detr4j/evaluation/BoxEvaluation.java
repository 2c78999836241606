package dev.detr4j.evaluation;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * How good detections are, by the rules of COCO's detection challenge and with the numbers of
 * pycocotools (COCOeval, bbox, its default parameters).
 *
 * <p>Among others: detections of one class with equal scores keep the order of image ids and,
 * within an image, of the file; what an annotation's {@code ignore} says does not count, {@code
 * iscrowd} does; a match with an annotation whose id is 0 is not counted, as pycocotools takes 0
 * for no match.
 *
 * <p>Immutable and thread-safe.
 */
public final class BoxEvaluation {
  /** The IoU thresholds are 0.50, 0.55 to 0.95. */
  public static final int THRESHOLDS = 10;

  /** Precision is looked up at recalls of 0.00, 0.01 to 1.00. */
  public static final int RECALLS = 101;

  private static final List<Integer> LIMITS = List.of(1, 10, Candidates.MOST_DETECTIONS);
  private static final double NONE = -1;

  /**
   * One class and range of sizes.
   *
   * @param precisions [threshold][recall], with the greatest limit
   * @param recalls [limit][threshold]
   */
  private record Curves(double[][] precisions, double[][] recalls) {}

  /** By class; a range in which nothing is annotated is missing. */
  private final List<Map<AreaRange, Curves>> curves = new ArrayList<>();

  private BoxEvaluation() {}

  /**
   * Evaluates.
   *
   * @param detections of any classes; those of classes that are not annotated do not count
   * @throws EvaluationException when a detection is on an image that the annotations do not have
   */
  public static BoxEvaluation of(Annotations annotations, List<ScoredBox> detections) {
    CandidateTable table = new CandidateTable(annotations, detections);
    BoxEvaluation evaluation = new BoxEvaluation();
    for (int c = 0; c < annotations.categories().size(); c++) {
      evaluation.curves.add(curves(List.copyOf(table.category(c).values())));
    }
    return evaluation;
  }

  /** The IoU threshold of an index, 0 to 9: the doubles of numpy's linspace. */
  public static double threshold(int index) {
    return index == THRESHOLDS - 1 ? 0.95 : 0.5 + index * ((0.95 - 0.5) / (THRESHOLDS - 1));
  }

  /** The recall of an index, 0 to 100. */
  public static double recall(int index) {
    return index == RECALLS - 1 ? 1 : index * (1.0 / (RECALLS - 1));
  }

  private static Map<AreaRange, Curves> curves(List<Candidates> images) {
    List<Ranking> rankings = LIMITS.stream().map(limit -> Ranking.of(images, limit)).toList();
    Map<AreaRange, Curves> curves = new EnumMap<>(AreaRange.class);
    for (AreaRange range : AreaRange.values()) {
      if (images.stream().anyMatch(image -> image.counts(range))) {
        curves.put(range, curves(images, rankings, range));
      }
    }
    return curves;
  }

  private static Curves curves(List<Candidates> images, List<Ranking> rankings, AreaRange range) {
    Curves curves = new Curves(new double[THRESHOLDS][], new double[LIMITS.size()][THRESHOLDS]);
    for (int t = 0; t < THRESHOLDS; t++) {
      double threshold = threshold(t);
      List<Matching> matchings =
          images.stream().map(each -> Matching.of(each, range, threshold)).toList();
      for (int limit = 0; limit < LIMITS.size(); limit++) {
        PrecisionCurve curve = PrecisionCurve.of(rankings.get(limit), matchings);
        curves.recalls[limit][t] = curve.greatestRecall();
        curves.precisions[t] = curve.precisions();
      }
    }
    return curves;
  }

  /** The twelve numbers over all classes. */
  public CocoStats stats() {
    return stats(0, curves.size());
  }

  /** The twelve numbers of one class, by its place in {@link Annotations#categories}. */
  public CocoStats category(int index) {
    return stats(index, index + 1);
  }

  /** Average precision over all classes and sizes at one IoU threshold, or -1. */
  public double averagePrecision(int threshold) {
    return precision(0, curves.size(), AreaRange.ALL, threshold, threshold + 1);
  }

  /**
   * Precision at each recall of one class, by its place in {@link Annotations#categories}, over
   * objects of all sizes: a new array of {@link #RECALLS}, empty when there are no objects.
   */
  public double[] precisions(int category, int threshold) {
    Curves all = curves.get(category).get(AreaRange.ALL);
    return all == null ? new double[0] : all.precisions[threshold].clone();
  }

  private CocoStats stats(int from, int to) {
    return new CocoStats(
        precision(from, to, AreaRange.ALL, 0, THRESHOLDS),
        precision(from, to, AreaRange.ALL, 0, 1),
        precision(from, to, AreaRange.ALL, 5, 6),
        precision(from, to, AreaRange.SMALL, 0, THRESHOLDS),
        precision(from, to, AreaRange.MEDIUM, 0, THRESHOLDS),
        precision(from, to, AreaRange.LARGE, 0, THRESHOLDS),
        recall(from, to, AreaRange.ALL, 0),
        recall(from, to, AreaRange.ALL, 1),
        recall(from, to, AreaRange.ALL, 2),
        recall(from, to, AreaRange.SMALL, 2),
        recall(from, to, AreaRange.MEDIUM, 2),
        recall(from, to, AreaRange.LARGE, 2));
  }

  private double precision(int from, int to, AreaRange range, int least, int past) {
    double sum = 0;
    int count = 0;
    for (Map<AreaRange, Curves> each : curves.subList(from, to)) {
      Curves found = each.get(range);
      for (int t = least; found != null && t < past; t++) {
        sum += Arrays.stream(found.precisions[t]).sum();
        count += RECALLS;
      }
    }
    return count == 0 ? NONE : sum / count;
  }

  private double recall(int from, int to, AreaRange range, int limit) {
    double sum = 0;
    int count = 0;
    for (Map<AreaRange, Curves> each : curves.subList(from, to)) {
      Curves found = each.get(range);
      if (found != null) {
        sum += Arrays.stream(found.recalls[limit]).sum();
        count += THRESHOLDS;
      }
    }
    return count == 0 ? NONE : sum / count;
  }

  /**
   * The detections of a class on all images, the first few of each image, by falling score.
   *
   * @param image of each detection, its place in the list
   * @param detection its place among those of its image
   */
  record Ranking(int[] image, int[] detection) {
    static Ranking of(List<Candidates> images, int limit) {
      List<int[]> places = new ArrayList<>();
      for (int i = 0; i < images.size(); i++) {
        int count = Math.min(limit, images.get(i).detections().size());
        for (int d = 0; d < count; d++) {
          places.add(new int[] {i, d});
        }
      }
      // Stable, so that ties keep the order of images.
      places.sort((a, b) -> Double.compare(score(images, b), score(images, a)));
      return new Ranking(
          places.stream().mapToInt(place -> place[0]).toArray(),
          places.stream().mapToInt(place -> place[1]).toArray());
    }

    private static double score(List<Candidates> images, int[] place) {
      return images.get(place[0]).detections().get(place[1]).score();
    }
  }
}
