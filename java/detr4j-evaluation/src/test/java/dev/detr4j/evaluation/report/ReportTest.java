package dev.detr4j.evaluation.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.detr4j.evaluation.AnnotatedBox;
import dev.detr4j.evaluation.AnnotatedImage;
import dev.detr4j.evaluation.Annotations;
import dev.detr4j.evaluation.Box;
import dev.detr4j.evaluation.BoxEvaluation;
import dev.detr4j.evaluation.Category;
import dev.detr4j.evaluation.CocoId;
import dev.detr4j.evaluation.Mistakes;
import dev.detr4j.evaluation.ScoredBox;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;

class ReportTest {
  private static final String HOSTILE = "<script>alert(\"x\")</script>&'\u001b";

  private static Annotations annotations(int classes) {
    List<Category> categories = new ArrayList<>();
    List<AnnotatedBox> boxes = new ArrayList<>();
    for (int c = 0; c < classes; c++) {
      categories.add(new Category(c, c == 0 ? HOSTILE : "class " + c));
      boxes.add(new AnnotatedBox(c + 1, 1, c, new Box(10, 10, 100, 50), 5000, false));
    }
    return new Annotations(
        List.of(new AnnotatedImage(1, HOSTILE, 2000, 1000), new AnnotatedImage(2, "b", 0, 0)),
        categories,
        boxes);
  }

  private static List<ScoredBox> detections(int classes) {
    List<ScoredBox> found = new ArrayList<>();
    for (int c = 0; c < classes; c++) {
      found.add(new ScoredBox(2, c, new Box(1.25, 2, 30, 40), 0.9));
      found.add(new ScoredBox(1, c, new Box(10, 10, 100, 50), 0.5));
    }
    return found;
  }

  @Test
  void thePageIsOneFileAndHostileTextIsText() throws IOException {
    Annotations annotations = annotations(2);
    Locale before = Locale.getDefault();
    StringWriter out = new StringWriter();
    try {
      Locale.setDefault(Locale.forLanguageTag("ar-EG")); // its digits are not 0 to 9
      MistakesPage.write(
          HOSTILE,
          annotations,
          Mistakes.of(annotations, detections(2)),
          10,
          image ->
              image.id().equals(CocoId.of(2))
                  ? new BufferedImage(2000, 1000, BufferedImage.TYPE_INT_RGB)
                  : null,
          out);
    } finally {
      Locale.setDefault(before);
    }
    String page = out.toString();
    assertTrue(page.codePoints().noneMatch(c -> c > '9' && Character.isDigit(c)), page);
    assertFalse(page.contains("<script"), page);
    assertTrue(page.contains("&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;&amp;&#39;?"), page);
    assertFalse(page.contains("http://") || page.contains("https://"), page);
    assertTrue(page.contains("x=\"1.3\"") || page.contains("x=\"1.2\""), page);
    Matcher image = Pattern.compile("href=\"data:image/jpeg;base64,([^\"]+)\"").matcher(page);
    assertTrue(image.find(), page);
    byte[] jpeg = Base64.getDecoder().decode(image.group(1));
    BufferedImage small = ImageIO.read(new ByteArrayInputStream(jpeg));
    assertEquals(720, small.getWidth());
    assertEquals(360, small.getHeight());
    assertFalse(image.find(), "the image that cannot be read has no picture");
  }

  /** Labels lie within the picture, whose size comes from its boxes where nothing else says it. */
  @Test
  void labelsCanBeRead() throws IOException {
    List<Category> categories = List.of(new Category(0, "a class with a long name"));
    Annotations annotations =
        new Annotations(List.of(new AnnotatedImage(1, "a", 0, 0)), categories, List.of());
    List<ScoredBox> found =
        List.of(
            new ScoredBox(1, 0, new Box(440, -3, 40, 5), 0.9),
            new ScoredBox(1, 0, new Box(2, 355, 40, 5), 0.8));
    StringWriter out = new StringWriter();
    Mistakes mistakes = Mistakes.of(annotations, found);
    MistakesPage.write("t", annotations, mistakes, 10, image -> null, out);
    String page = out.toString();
    assertTrue(page.contains("viewBox=\"0 0 480 360\""), page);
    assertTrue(
        page.contains("<text x=\"477.3\" y=\"10.7\" text-anchor=\"end\" font-size=\"10.7\">"),
        page);
    assertTrue(page.contains("<text x=\"4.7\" y=\"356.4\" font-size=\"10.7\">"), page);
  }

  @Test
  void noMoreImagesThanAskedFor() throws IOException {
    Annotations annotations = annotations(1);
    StringWriter out = new StringWriter();
    Mistakes mistakes = Mistakes.of(annotations, List.of());
    MistakesPage.write("t", annotations, mistakes, 0, image -> null, out);
    assertFalse(out.toString().contains("<figure>"), out::toString);
  }

  @Test
  void thePictureHasALineOfEveryColour() {
    for (int classes : new int[] {1, 5, 40}) {
      Annotations annotations = annotations(classes);
      BufferedImage picture =
          PrecisionRecallPicture.draw(
              HOSTILE, annotations, BoxEvaluation.of(annotations, detections(classes)));
      Set<Integer> colours = new HashSet<>();
      for (int y = 0; y < picture.getHeight(); y++) {
        for (int x = 0; x < picture.getWidth(); x++) {
          colours.add(picture.getRGB(x, y));
        }
      }
      assertTrue(colours.size() > 20, () -> "only " + colours.size() + " colours");
      assertTrue(colours.contains(0xff0072b2), "the first class is missing");
    }
  }

  @Test
  void nothingAnnotatedIsAPictureToo() {
    Annotations annotations =
        new Annotations(
            List.of(new AnnotatedImage(1, "a", 0, 0)), List.of(new Category(1, "c")), List.of());
    PrecisionRecallPicture.draw("t", annotations, BoxEvaluation.of(annotations, List.of()));
  }
}
