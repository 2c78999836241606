package dev.detr4j.evaluation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.detr4j.json.JsonObject;
import java.io.IOException;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Files that are not quite as COCO has them, and the numbers that pycocotools gives for them. */
class CocoVariantsTest {
  private static final double EXACT = 1e-12;

  /** What pycocotools evaluates and is refused here: it has no meaning, or two. */
  private static final Map<String, String> REFUSED =
      Map.of(
          "NaN area", "area is NaN",
          "crowd is text 0", "iscrowd is \"0\"",
          "crowd is text 1", "iscrowd is \"1\"",
          "score beyond doubles", "score is Infinity",
          "score is true", "score is true",
          "class id twice in the file's object", "duplicate field 'category_id'",
          "image id twice", "id 101 occurs twice");

  @TempDir Path folder;

  private static Path resource(String name) throws URISyntaxException {
    URL url = CocoVariantsTest.class.getResource(name);
    if (url == null) {
      throw new AssertionError(name + " is missing");
    }
    return Path.of(url.toURI());
  }

  private static JsonObject json(String name) throws URISyntaxException {
    return JsonObject.read(resource(name), EvaluationException::new);
  }

  private static void assertStats(List<Double> expected, Annotations annotations, Path results) {
    CocoStats stats = BoxEvaluation.of(annotations, ResultsFile.read(results, annotations)).stats();
    for (int i = 0; i < 12; i++) {
      assertEquals(expected.get(i), stats.values().get(i), EXACT, CocoStats.NAMES.get(i));
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "string_image_ids | ids that are not numbers: 4 (first: images[0]: id is \"0001_x\")",
        "beyond_long_image_ids | ids that are not 64-bit integers: 4"
            + " (first: images[0]: id is 20190101123456789000001)",
        "null_width | image sizes that are not whole numbers: 8 (first: images[0]: width is null)",
        "numeric_category_names | class names that are not text: 3"
            + " (first: categories[0]: name is 0)",
        "orphan_annotations | annotations of unlisted images, left out: 6"
            + " (first: annotations[12]: image_id is 3)",
      })
  void filesOfTheField(String name, String oddity) throws Exception {
    Annotations annotations = Annotations.read(resource("coco/" + name + ".gt.json"));
    assertStats(
        json("coco/expected.json").numbers(name),
        annotations,
        resource("coco/" + name + ".dt.json"));
    assertEquals(List.of(oddity), annotations.oddities().stream().map(Oddity::toString).toList());
  }

  @TestFactory
  Stream<DynamicTest> eachVariantHasTheNumbersOfPycocotools() throws Exception {
    return json("variants/variants.json").objects("variants").stream()
        .map(each -> DynamicTest.dynamicTest(each.string("name"), () -> check(each)));
  }

  private Path made(JsonObject variant, String which) throws IOException, URISyntaxException {
    String text = Files.readString(resource("variants/" + which + ".json"));
    JsonObject changes = variant.object(which);
    for (String what : changes.names()) {
      assertTrue(text.contains(what), what);
      text = text.replace(what, changes.string(what));
    }
    return Files.writeString(folder.resolve(which + ".json"), text);
  }

  private void check(JsonObject variant) throws IOException, URISyntaxException {
    Path gt = made(variant, "gt");
    Path dt = made(variant, "dt");
    String name = variant.string("name");
    if (variant.has("stats") && !REFUSED.containsKey(name)) {
      assertStats(variant.numbers("stats"), Annotations.read(gt), dt);
      return;
    }
    try {
      ResultsFile.read(dt, Annotations.read(gt));
      assertTrue(variant.has("error"), "read, though it should be refused");
    } catch (EvaluationException e) {
      String message = String.valueOf(e.getMessage());
      assertEquals(1, message.lines().count(), message);
      assertTrue(message.contains(REFUSED.getOrDefault(name, "")), message);
    }
  }

  @Test
  void whatIsOddIsCountedByKind() throws Exception {
    Path file =
        Files.writeString(
            folder.resolve("odd.json"),
            """
            {"images": [{"id": "a", "file_name": 7, "width": 1.5}, {"id": 1.0}],
             "categories": [{"id": null, "name": null}],
             "annotations": [
               {"id": 1, "image_id": 1, "category_id": null, "bbox": [1, "2", 3, -4], "area": -12},
               {"id": 2, "image_id": "1", "category_id": null, "bbox": 7},
               {"id": 3, "image_id": "a", "category_id": "null", "iscrowd": 7.5}]}
            """);
    Annotations read = Annotations.read(file);
    assertEquals(
        Set.of(
            "ids that are not numbers: 2 (first: images[0]: id is \"a\")",
            "file names that are not text: 1 (first: images[0]: file_name is 7)",
            "image sizes that are not whole numbers: 1 (first: images[0]: width is 1.5)",
            "class names that are not text: 1 (first: categories[0]: name is null)",
            "boxes with coordinates as text: 1 (first: annotations[0]: bbox is a list with \"2\")",
            "boxes of negative size: 1 (first: annotations[0]: bbox is 3.0 x -4.0)",
            "negative areas: 1 (first: annotations[0]: area is -12)",
            "annotations of unlisted images, left out: 1"
                + " (first: annotations[1]: image_id is \"1\")",
            "annotations of unlisted classes, left out: 1"
                + " (first: annotations[2]: category_id is \"null\")"),
        Set.copyOf(read.oddities().stream().map(Oddity::toString).toList()));
    assertEquals(
        List.of(
            new AnnotatedImage(CocoId.of(1), "", 0, 0),
            new AnnotatedImage(CocoId.of("a"), "7", 0, 0)),
        read.images());
    assertEquals(List.of(new Category(CocoId.NULL, "category null")), read.categories());
  }

  /** pycocotools would take the other one in its place. */
  @Test
  void anIdThatAnUnlistedAnnotationHasTooIsRefused() throws Exception {
    Path file =
        Files.writeString(
            folder.resolve("twice.json"),
            """
            {"images": [{"id": 1}], "categories": [{"id": 1}],
             "annotations": [{"id": 5, "image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4]},
                             {"id": 5, "image_id": 9, "category_id": 1, "bbox": [1, 2, 3, 4]}]}
            """);
    EvaluationException error =
        assertThrows(EvaluationException.class, () -> Annotations.read(file));
    assertEquals("twice.json: annotation with id 5 occurs twice", error.getMessage());
  }
}
