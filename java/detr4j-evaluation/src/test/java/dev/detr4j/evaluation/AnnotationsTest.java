package dev.detr4j.evaluation;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Annotation and results files: what is read, and that everything wrong is one line. */
class AnnotationsTest {
  private static final String GOOD =
      """
      {"info": {"year": 2026, "images": [1, [2]]}, "licenses": [],
       "annotations": [
         {"id": 5, "image_id": 2, "category_id": 9, "bbox": [1, 2.5, 30, 40], "area": 7, "iscrowd": 1,
          "segmentation": {"size": [1, 2], "counts": "abc"}},
         {"id": 6, "image_id": 1.0, "category_id": 4, "bbox": [0, 0, 3, 4], "extra": [[1], {"id": 3}]}],
       "images": [
         {"id": 2, "file_name": "b.jpg", "width": 640, "height": 480},
         {"id": 1, "file_name": "a.jpg"}],
       "categories": [{"id": 9, "name": "nine", "supercategory": "x"}, {"id": 4}]}
      """;

  @TempDir Path folder;

  private Path file(String name, String text) throws IOException {
    return Files.writeString(folder.resolve(name), text);
  }

  @Test
  void readsWhatItNeedsAndSkipsTheRest() throws IOException {
    Annotations read = Annotations.read(file("good.json", GOOD));
    assertEquals(
        List.of(new AnnotatedImage(1, "a.jpg", 0, 0), new AnnotatedImage(2, "b.jpg", 640, 480)),
        read.images());
    assertEquals(
        List.of(new Category(4, "category 4"), new Category(9, "nine")), read.categories());
    assertEquals(
        List.of(
            new AnnotatedBox(5, 2, 9, new Box(1, 2.5, 30, 40), 7, true),
            new AnnotatedBox(6, 1, 4, new Box(0, 0, 3, 4), 12, false)),
        read.boxes());
  }

  private static void assertOneLine(String said, EvaluationException error) {
    String message = String.valueOf(error.getMessage());
    assertEquals(1, message.lines().count(), message);
    assertTrue(message.contains(said), () -> "no \"" + said + "\" in: " + message);
    assertTrue(message.startsWith("bad.json"), message);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "\"id\": 5 | \"id\": 6 | annotation with id 6 occurs twice",
        "\"id\": 2, \"file_name\" | \"id\": 1, \"file_name\" | images: id 1 occurs twice",
        "\"id\": 9, | \"id\": 4, | categories: id 4 occurs twice",
        "[1, 2.5, 30, 40] | [1, NaN, 30, 40] | annotations[0]: bbox is [1.0, NaN,",
        "[1, 2.5, 30, 40] | [1, 1e400, 30, 40] | annotations[0]: bbox is [1.0, Infinity,",
        "[1, 2.5, 30, 40] | [1, 2.5, 30] | bbox has 3 numbers, expected four",
        "[1, 2.5, 30, 40] | [1, 2.5, 30, 40, 5] | bbox has 5 numbers",
        "[1, 2.5, 30, 40] | [1, \"x\", 30, 40] | bbox is \"x\", expected a number",
        "[1, 2.5, 30, 40] | {} | bbox is an object, expected a list",
        "\"bbox\": [1, 2.5, 30, 40], | `` | annotations[0]: bbox is missing",
        "\"area\": 7 | \"area\": NaN | annotations[0]: area is NaN",
        "\"area\": 7 | \"area\": null | annotations[0]: area is null",
        "\"iscrowd\": 1 | \"iscrowd\": 256 | iscrowd is 256, expected 0 or 1",
        "\"id\": 5 | \"id\": [5] | annotations[0]: id is a list, expected a number or a text",
        "\"id\": 5 | \"id\": NaN | annotations[0]: id is NaN, expected a number or a text",
        "\"image_id\": 2, | `` | annotations[0]: image_id is missing",
        "\"id\": 5, | \"id\": 5, \"id\": 5, | duplicate field 'id'",
        "\"annotations\": [ | \"annotation\": [ | annotations is missing",
        "\"categories\": [{\"id\": 9, \"name\": \"nine\", \"supercategory\": \"x\"}, {\"id\": 4}] |"
            + " \"categories\": [] | categories is empty",
        "\"licenses\": [] | \"licenses\": [ | not valid JSON at line",
      })
  void whatIsWrongIsOneLineWithThePlace(String what, String by, String said) throws IOException {
    assertTrue(GOOD.contains(what), what);
    Path bad = file("bad.json", GOOD.replace(what, by == null ? "" : by));
    assertOneLine(said, assertThrows(EvaluationException.class, () -> Annotations.read(bad)));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "[]", "7", "null", "{", "{}", "{\"images\": {}}", "\"\u001b[31m\""})
  void otherFilesAreRefused(String text) throws IOException {
    Path bad = file("bad.json", text);
    assertOneLine("", assertThrows(EvaluationException.class, () -> Annotations.read(bad)));
  }

  /** Names of one hash, made of "Ab" and "BA": pycocotools does not mind them either. */
  @Test
  void namesOfOneHashHarmNeitherTheirFileNorALaterOne() throws IOException {
    String names =
        IntStream.range(0, 1 << 14)
            .mapToObj(bits ->
                IntStream.range(0, 14)
                    .mapToObj(place -> (bits >> place & 1) == 0 ? "Ab" : "BA")
                    .collect(Collectors.joining("", "\"", "\": 1")))
            .collect(Collectors.joining(","));
    Path odd = file("odd.json", GOOD.replaceFirst("\\{", "{\"odd\": {" + names + "},"));
    Path good = file("good.json", GOOD);
    for (int i = 0; i < 100; i++) {
      assertEquals(Annotations.read(odd).images().size(), Annotations.read(good).images().size());
    }
  }

  @Test
  void aByteOrderMarkIsSkippedAndOtherEncodingsAreRefused() throws IOException {
    assertEquals(
        Annotations.read(file("good.json", GOOD)).images().size(),
        Annotations.read(file("marked.json", "\uFEFF" + GOOD)).images().size());
    Path latin = Files.write(file("bad.json", ""), "{\"\u00e9\": 1}".getBytes(ISO_8859_1));
    assertOneLine(
        "not valid JSON: it is not UTF-8 text",
        assertThrows(EvaluationException.class, () -> Annotations.read(latin)));
  }

  @Test
  void textAfterTheEndIsRefused() throws IOException {
    Path bad = file("bad.json", GOOD + "{}");
    assertOneLine(
        "text follows its end",
        assertThrows(EvaluationException.class, () -> Annotations.read(bad)));
  }

  @Test
  void deepNestingIsRefusedAndNotTheStackOverrun() throws IOException {
    Path bad = file("bad.json", "{\"info\": " + "[".repeat(100_000));
    assertOneLine("", assertThrows(EvaluationException.class, () -> Annotations.read(bad)));
  }

  /** Whatever a few wrong bytes make of a file: it is read, or refused in one line. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void wrongBytesAreReadOrRefused(long seed) throws IOException {
    Random random = new Random(seed);
    for (int i = 0; i < 300; i++) {
      byte[] bytes = GOOD.getBytes(StandardCharsets.UTF_8);
      if (i % 3 == 0) {
        bytes = Arrays.copyOf(bytes, random.nextInt(bytes.length));
      } else {
        for (int change = 0; change <= i % 4; change++) {
          bytes[random.nextInt(i % 5 == 0 ? 8 : bytes.length)] = (byte) random.nextInt(256);
        }
      }
      Path bad = Files.write(folder.resolve("bad.json"), bytes);
      try {
        Annotations read = Annotations.read(bad);
        BoxEvaluation.of(read, List.of());
      } catch (EvaluationException e) {
        assertOneLine("", e);
        assertTrue(String.valueOf(e.getMessage()).chars().noneMatch(Character::isISOControl));
      }
    }
  }

  @Test
  void filesThatAreNone() {
    for (Path path : List.of(folder, folder.resolve("missing.json"))) {
      String message =
          assertThrows(EvaluationException.class, () -> Annotations.read(path)).getMessage();
      assertTrue(String.valueOf(message).startsWith(path.toString()), message);
    }
  }

  @Test
  void resultsComeBackAsTheyWereWritten() throws IOException {
    Annotations annotations = Annotations.read(file("good.json", GOOD));
    List<ScoredBox> boxes =
        List.of(
            new ScoredBox(2, 9, new Box(-1.5, 0.1, 1.0 / 3, 2e-7), 0.9),
            new ScoredBox(1, 77, new Box(0, 0, 0, 0), -0.0));
    StringWriter text = new StringWriter();
    ResultsFile.write(boxes, text);
    assertEquals(boxes, ResultsFile.read(file("r.json", text.toString()), annotations));
    StringWriter none = new StringWriter();
    ResultsFile.write(List.of(), none);
    assertEquals(List.of(), ResultsFile.read(file("n.json", none.toString()), annotations));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "\"image_id\": 2 | \"image_id\": 3 | detections[1]: there is no image with id 3",
        "\"score\": 0.5 | \"score\": NaN | detections[1]: score is NaN",
        "\"score\": 0.5 | \"points\": 0.5 | detections[1]: a field is missing, expected image_id",
        "[1, 2, 3, 4] | [1, 2, \"3\", 4] | detections[1]: bbox is \"3\", expected a number",
        "[1, 2, 3, 4] | [1, 2, 3e300, 4] | detections[1]: bbox is",
        "{\"image_id\": 2 | 7, {\"image_id\": 2 | detections[1]: expected an object, found 7",
      })
  void wrongResultsAreOneLineWithThePlace(String what, String by, String said) throws IOException {
    String good =
        """
        [{"image_id": 1, "category_id": 4, "bbox": [1, 1, 1, 1], "score": 1},
         {"image_id": 2, "category_id": 4, "bbox": [1, 2, 3, 4], "score": 0.5}]
        """;
    Annotations annotations = Annotations.read(file("good.json", GOOD));
    assertTrue(good.contains(what), what);
    Path bad = file("bad.json", good.replace(what, by));
    assertOneLine(
        said, assertThrows(EvaluationException.class, () -> ResultsFile.read(bad, annotations)));
    Path object = file("bad.json", "{}");
    assertOneLine(
        "is not a list",
        assertThrows(EvaluationException.class, () -> ResultsFile.read(object, annotations)));
  }
}
