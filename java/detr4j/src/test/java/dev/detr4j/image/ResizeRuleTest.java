package dev.detr4j.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.detr4j.error.ImageException;
import dev.detr4j.golden.GoldenFolder;
import java.util.List;
import org.junit.jupiter.api.Test;

class ResizeRuleTest {

  @Test
  void everyRuleGivesTheSizesOfItsProject() {
    List<?> rows = (List<?>) new GoldenFolder("prepost").object("size_rules.json").get("rows");
    assertEquals(400, rows.size());
    for (Object entry : rows) {
      List<?> row = (List<?>) entry;
      int height = number(row.get(0));
      int width = number(row.get(1));
      int shortest = number(row.get(2));
      int longest = number(row.get(3));
      check(new ResizeRule.HuggingFace(shortest, longest), width, height, row.get(4));
      check(new ResizeRule.OriginalDetr(shortest, longest), width, height, row.get(5));
      check(new ResizeRule.Detectron2(shortest, longest), width, height, row.get(6));
      check(new ResizeRule.MmDetection(shortest, longest), width, height, row.get(7));
      check(new ResizeRule.ShortestEdge(640), width, height, row.get(8));
    }
  }

  @Test
  void fixedAndBoundedSizes() {
    assertEquals(new PixelSize(30, 20), new ResizeRule.Fixed(30, 20).target(999, 1));
    assertEquals(new PixelSize(999, 1), new ResizeRule.Keep().target(999, 1));
    assertEquals(new PixelSize(66, 100), new ResizeRule.Within(100, 100).target(333, 500));
    assertEquals(new PixelSize(1000, 500), new ResizeRule.Within(1000, 600).target(20, 10));
  }

  @Test
  void sizesThatCannotBeAreOneLine() {
    ImageException vanished =
        assertThrows(
            ImageException.class, () -> new ResizeRule.HuggingFace(800, 1333).target(20000, 1));
    assertEquals(
        "image of 20000x1 pixels is too elongated: the model's size rule makes it 1333x0",
        vanished.getMessage());
    ImageException huge =
        assertThrows(ImageException.class, () -> new ResizeRule.ShortestEdge(800).target(20000, 1));
    assertTrue(
        huge.getMessage().startsWith("image of 20000x1 pixels becomes 16000000x800"),
        huge.getMessage());
    ResizeRule fixed = new ResizeRule.Fixed(384, 384);
    assertEquals(new PixelSize(384, 384), fixed.target(384 * 1024, 1));
    ImageException line = assertThrows(ImageException.class, () -> fixed.target(1, 384 * 1024 + 1));
    assertEquals(
        "image of 1x393217 pixels becomes 384x384 by the model's size rule: more than 1024 pixels"
            + " in one",
        line.getMessage());
  }

  @Test
  void onePixelAndVeryWideImagesWork() {
    assertEquals(new PixelSize(800, 800), new ResizeRule.HuggingFace(800, 1333).target(1, 1));
    assertEquals(
        new PixelSize(1333, 67), new ResizeRule.HuggingFace(800, 1333).target(20000, 1000));
  }

  private static void check(ResizeRule rule, int width, int height, Object expected) {
    if (expected instanceof List<?> size) { // birder's column leaves out what would be too large
      assertEquals(
          new PixelSize(number(size.get(1)), number(size.get(0))),
          rule.target(width, height),
          () -> rule + " of " + width + "x" + height);
    }
  }

  private static int number(Object value) {
    return ((Number) value).intValue();
  }
}
