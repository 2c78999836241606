package dev.detr4j.evaluation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/**
 * Evaluations that can be done on paper. The numbers of whole sets are compared with those of
 * pycocotools by the golden set, {@code weights/golden/prepost/coco}.
 */
class BoxEvaluationTest {
  private static final double EXACT = 1e-12;

  private static final List<AnnotatedImage> IMAGES =
      IntStream.rangeClosed(1, 3)
          .mapToObj(id -> new AnnotatedImage(id, id + ".jpg", 500, 500))
          .toList();
  private static final List<Category> CLASSES =
      List.of(new Category(1, "one"), new Category(2, "two"));

  private static AnnotatedBox object(long id, long image, double x, double side) {
    return new AnnotatedBox(id, image, 1, new Box(x, 0, side, side), side * side, false);
  }

  private static ScoredBox found(long image, double x, double side, double score) {
    return new ScoredBox(image, 1, new Box(x, 0, side, side), score);
  }

  private static BoxEvaluation evaluate(List<AnnotatedBox> objects, ScoredBox... found) {
    return BoxEvaluation.of(new Annotations(IMAGES, CLASSES, objects), List.of(found));
  }

  @Test
  void everythingFoundIsOneAndWhatIsNotAnnotatedIsMinusOne() {
    CocoStats stats =
        evaluate(
                List.of(object(1, 1, 0, 50), object(2, 2, 0, 50)),
                found(1, 0, 50, 0.9),
                found(2, 0, 50, 0.8))
            .stats();
    assertEquals(1, stats.ap(), EXACT);
    assertEquals(1, stats.apMedium(), EXACT);
    assertEquals(-1, stats.apSmall());
    assertEquals(-1, stats.arLarge());
    assertEquals(1, stats.ar1(), EXACT);
    assertEquals(12, stats.values().size());
    assertEquals(CocoStats.NAMES.size(), stats.values().size());
  }

  @Test
  void nothingFoundIsZero() {
    BoxEvaluation nothing = evaluate(List.of(object(1, 1, 0, 50)));
    assertEquals(0, nothing.stats().ap());
    assertEquals(0, nothing.stats().ar100());
    assertEquals(BoxEvaluation.RECALLS, nothing.precisions(0, 0).length);
    assertEquals(-1, nothing.category(1).ap());
    assertEquals(0, nothing.precisions(1, 0).length);
    CocoStats empty = evaluate(List.of(), found(1, 0, 50, 0.9)).stats();
    assertTrue(empty.values().stream().allMatch(value -> value == -1), empty::toString);
  }

  /**
   * One of two found, after a mistake: precision 1/2 up to recall 1/2, which is 51 of 101 points.
   */
  @Test
  void aMistakeBeforeARightOneHalvesPrecision() {
    BoxEvaluation evaluation =
        evaluate(
            List.of(object(1, 1, 0, 50), object(2, 2, 0, 50)),
            found(3, 0, 50, 0.9),
            found(1, 0, 50, 0.8));
    assertEquals(51 * 0.5 / 101, evaluation.stats().ap(), EXACT);
    assertEquals(0.5, evaluation.stats().ar1(), EXACT);
    double[] curve = evaluation.precisions(0, 9);
    assertEquals(0.5, curve[50], EXACT);
    assertEquals(0, curve[51]);
  }

  @Test
  void aSecondDetectionOfAnObjectIsWrongAndOfACrowdIgnored() {
    AnnotatedBox single = object(1, 1, 0, 50);
    AnnotatedBox crowd = new AnnotatedBox(2, 2, 1, new Box(0, 0, 300, 300), 90000, true);
    ScoredBox[] twice = {found(1, 0, 50, 0.9), found(1, 0, 50, 0.8)};
    assertEquals(1, evaluate(List.of(single), twice).stats().ap(), EXACT);
    ScoredBox[] wrongFirst = {found(1, 200, 50, 0.95), twice[0]};
    assertEquals(0.5, evaluate(List.of(single), wrongFirst).stats().ap(), EXACT);
    ScoredBox[] inCrowd = {found(2, 10, 50, 0.99), found(2, 90, 50, 0.98), twice[0]};
    assertEquals(1, evaluate(List.of(single, crowd), inCrowd).stats().ap(), EXACT);
  }

  @Test
  void tiesKeepTheOrderOfImagesAndThenOfTheFile() {
    List<AnnotatedBox> objects = List.of(object(1, 2, 0, 50));
    ScoredBox wrongOnFirstImage = found(1, 0, 50, 0.5);
    ScoredBox right = found(2, 0, 50, 0.5);
    ScoredBox wrongOnSameImage = found(2, 300, 50, 0.5);
    ScoredBox wrongOnLastImage = found(3, 0, 50, 0.5);
    assertEquals(0.5, evaluate(objects, right, wrongOnFirstImage).stats().ap(), EXACT);
    assertEquals(1, evaluate(objects, wrongOnLastImage, right).stats().ap(), EXACT);
    assertEquals(1, evaluate(objects, right, wrongOnSameImage).stats().ap(), EXACT);
    assertEquals(0.5, evaluate(objects, wrongOnSameImage, right).stats().ap(), EXACT);
  }

  @Test
  void onlyTheHundredBestOfAClassOnAnImageCount() {
    List<ScoredBox> many = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      many.add(found(1, 400, 50, 0.9));
    }
    List<AnnotatedBox> objects = List.of(object(1, 1, 0, 50));
    many.set(99, found(1, 0, 50, 0.1));
    assertEquals(0.01, evaluate(objects, many.toArray(ScoredBox[]::new)).stats().ap(), EXACT);
    many.addFirst(found(1, 400, 50, 0.9));
    CocoStats stats = evaluate(objects, many.toArray(ScoredBox[]::new)).stats();
    assertEquals(0, stats.ap());
    assertEquals(0, stats.ar100());
  }

  @Test
  void aSideOf32IsSmallAndMedium() {
    CocoStats stats = evaluate(List.of(object(1, 1, 0, 32)), found(1, 0, 32, 0.5)).stats();
    assertEquals(1, stats.apSmall(), EXACT);
    assertEquals(1, stats.apMedium(), EXACT);
    assertEquals(-1, stats.apLarge());
  }

  @Test
  void detectionsOfOtherClassesDoNotCountAndOfOtherImagesAreRefused() {
    ScoredBox other = new ScoredBox(1, 99, new Box(0, 0, 50, 50), 1);
    List<AnnotatedBox> objects = List.of(object(1, 1, 0, 50));
    assertEquals(1, evaluate(objects, other, found(1, 0, 50, 0.5)).stats().ap(), EXACT);
    EvaluationException error =
        assertThrows(EvaluationException.class, () -> evaluate(objects, found(4, 0, 50, 0.5)));
    assertEquals("there is no image with id 4 in the annotations", error.getMessage());
  }

  @Test
  void thresholdsAndRecallsAreThoseOfNumpy() {
    assertEquals(
        "[0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.8999999999999999, 0.95]",
        Arrays.toString(IntStream.range(0, 10).mapToDouble(BoxEvaluation::threshold).toArray()));
    assertEquals(1, BoxEvaluation.recall(100));
    assertEquals(0.29, BoxEvaluation.recall(29));
  }
}
