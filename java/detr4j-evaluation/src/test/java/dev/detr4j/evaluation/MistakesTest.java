package dev.detr4j.evaluation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class MistakesTest {
  private static final List<AnnotatedImage> IMAGES =
      List.of(
          new AnnotatedImage(1, "1.jpg", 500, 500),
          new AnnotatedImage(2, "2.jpg", 500, 500),
          new AnnotatedImage(3, "3.jpg", 500, 500));
  private static final List<Category> CLASSES =
      List.of(new Category(1, "one"), new Category(2, "two"));

  private static AnnotatedBox object(long id, long image, long category, double x) {
    return new AnnotatedBox(id, image, category, new Box(x, 0, 50, 50), 2500, false);
  }

  private static ScoredBox found(long image, long category, double x, double score) {
    return new ScoredBox(image, category, new Box(x, 0, 50, 50), score);
  }

  private static Mistakes mistakes(List<AnnotatedBox> objects, ScoredBox... found) {
    return Mistakes.of(new Annotations(IMAGES, CLASSES, objects), List.of(found));
  }

  @Test
  void everyKindOfMistakeIsTold() {
    List<AnnotatedBox> objects =
        List.of(
            object(1, 1, 1, 0),
            object(2, 1, 1, 100),
            object(3, 1, 2, 200),
            object(4, 2, 1, 0),
            new AnnotatedBox(5, 2, 1, new Box(300, 0, 200, 200), 40000, true));
    ScoredBox right = found(1, 1, 0, 0.95);
    ScoredBox twice = found(1, 1, 2, 0.9);
    ScoredBox near = found(1, 1, 130, 0.85);
    ScoredBox other = found(1, 1, 200, 0.8);
    ScoredBox nothing = found(3, 2, 0, 0.75);
    ScoredBox inCrowd = found(2, 1, 350, 0.99);
    ScoredBox last = found(2, 1, 0, 0.7);
    Mistakes mistakes =
        mistakes(objects, right, twice, near, other, nothing, inCrowd, last, found(3, 1, 400, 0.1));
    // Two of six right is better than one of one: F1 0.4 each, the greater score wins.
    assertEquals(new OperatingPoint(0.95, 1, 0.25), mistakes.best());

    Mistakes lower =
        mistakes(objects, right, twice, near, other, nothing, last, found(1, 2, 200, 0.7));
    assertEquals(new OperatingPoint(0.7, 3 / 7.0, 0.75), lower.best());
    assertEquals(1, lower.missed());
    for (Mistakes.Kind kind : Mistakes.Kind.values()) {
      assertEquals(1, lower.wrong(kind), kind.words());
    }
    Mistakes.OnImage worst = lower.images().getFirst();
    assertEquals(CocoId.of(1), worst.image().id());
    assertEquals(List.of(objects.get(1)), worst.missed());
    assertEquals(
        List.of(
            new Mistakes.Wrong(twice, Mistakes.Kind.DUPLICATE),
            new Mistakes.Wrong(near, Mistakes.Kind.MISPLACED),
            new Mistakes.Wrong(other, Mistakes.Kind.WRONG_CLASS)),
        worst.wrong());
    assertEquals(0.9 + 0.85 + 0.8 + 1, worst.cost(), 1e-12);
    assertEquals(CocoId.of(3), lower.images().get(1).image().id());
    assertEquals(0, lower.images().get(2).cost());
  }

  @Test
  void aWeakDetectionOfAMissedObjectCostsLess() {
    List<AnnotatedBox> objects = List.of(object(1, 1, 1, 0), object(2, 2, 1, 0));
    ScoredBox[] found = {
      found(1, 1, 0, 0.9),
      found(3, 1, 0, 0.6),
      found(3, 1, 100, 0.6),
      found(3, 1, 200, 0.6),
      found(2, 1, 0, 0.3)
    };
    Mistakes mistakes = mistakes(objects, found);
    assertEquals(0.9, mistakes.best().score());
    assertEquals(CocoId.of(2), mistakes.images().getFirst().image().id());
    assertEquals(0.7, mistakes.images().getFirst().cost(), 1e-12);
  }

  @Test
  void nothingRightLeavesTheUsualThreshold() {
    Mistakes none = mistakes(List.of(object(1, 1, 1, 0)), found(2, 1, 0, 0.8));
    assertEquals(0.5, none.best().score());
    assertEquals(0, none.best().f1());
    assertEquals(1, none.missed());
    Mistakes empty = mistakes(List.of());
    assertTrue(empty.images().isEmpty());
    assertEquals(new OperatingPoint(0.5, 1, 1), empty.best());
  }
}
