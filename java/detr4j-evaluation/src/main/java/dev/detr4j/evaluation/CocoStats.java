package dev.detr4j.evaluation;

import java.util.List;

/**
 * COCO's twelve numbers, 0 to 1, or -1 where nothing of the kind is annotated.
 *
 * <p>Average precision is the mean of precision at 101 recalls, over classes and, unless a name
 * says otherwise, over the IoU thresholds 0.50, 0.55 to 0.95. Average recall is the greatest
 * recall, over the same thresholds, with so many detections of a class on each image.
 *
 * @param ap average precision
 * @param ap50 at IoU 0.50
 * @param ap75 at IoU 0.75
 * @param apSmall of small objects
 * @param apMedium of objects of medium size
 * @param apLarge of large objects
 * @param ar1 average recall with one detection
 * @param ar10 with ten
 * @param ar100 with a hundred
 * @param arSmall of small objects, with a hundred
 * @param arMedium of objects of medium size, with a hundred
 * @param arLarge of large objects, with a hundred
 */
public record CocoStats(
    double ap,
    double ap50,
    double ap75,
    double apSmall,
    double apMedium,
    double apLarge,
    double ar1,
    double ar10,
    double ar100,
    double arSmall,
    double arMedium,
    double arLarge) {
  /** The usual names, in the order of {@link #values}. */
  public static final List<String> NAMES =
      List.of(
          "AP",
          "AP50",
          "AP75",
          "AP_small",
          "AP_medium",
          "AP_large",
          "AR1",
          "AR10",
          "AR100",
          "AR_small",
          "AR_medium",
          "AR_large");

  /** The numbers in the order in which COCO prints them. */
  public List<Double> values() {
    return List.of(
        ap, ap50, ap75, apSmall, apMedium, apLarge, ar1, ar10, ar100, arSmall, arMedium, arLarge);
  }
}
