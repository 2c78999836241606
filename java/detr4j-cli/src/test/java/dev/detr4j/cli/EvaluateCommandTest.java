package dev.detr4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.detr4j.error.ModelConfigException;
import dev.detr4j.json.JsonObject;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EvaluateCommandTest {
  private static final Path GOLDEN = Path.of("../../weights/golden/prepost/coco");
  private static final List<String> FILES =
      List.of("evaluation.json", "mistakes.html", "precision-recall.png", "results.json");

  @TempDir static Path shared;
  @TempDir Path folder;

  private static Path model;
  private Path photos;
  private Path annotations;
  private Path output;

  @BeforeAll
  static void makeModel() throws IOException {
    model = CliRun.smallModel(shared.resolve("model"));
  }

  @BeforeEach
  void makePhotos() throws IOException {
    photos = Files.createDirectories(folder.resolve("photos"));
    output = folder.resolve("evaluation");
    for (String name : List.of("a.png", "b.png", "c.png")) {
      CliRun.image(photos.resolve(name), 60 + name.charAt(0) % 7, 44);
    }
    annotations =
        Files.writeString(
            folder.resolve("annotations.json"),
            """
            {"images": [{"id": 3, "file_name": "a.png"}, {"id": 1, "file_name": "b.png"},
                        {"id": 2, "file_name": "c.png", "width": 7, "height": 44}],
             "categories": [{"id": 0, "name": "zero"}, {"id": 1, "name": "one"}, {"id": 1000, "name": "none"}],
             "annotations": [{"id": 1, "image_id": 3, "category_id": 1, "bbox": [5, 5, 40, 30]},
                             {"id": 2, "image_id": 1, "category_id": 0, "bbox": [1, 2, 50, 40]}]}
            """);
  }

  private CliRun evaluate(Object... more) {
    List<Object> arguments =
        new ArrayList<>(List.of("evaluate", "-a", annotations, "-i", photos, "-o", output));
    arguments.addAll(List.of("--model", model, "--classes-by", "id", "-f", "json"));
    arguments.addAll(Arrays.asList(more));
    return CliRun.of(arguments.toArray());
  }

  private static JsonObject json(String text) {
    return JsonObject.parse(
        "output", text.getBytes(StandardCharsets.UTF_8), ModelConfigException::new);
  }

  @ParameterizedTest
  @ValueSource(strings = {"set0", "set1", "set2", "edges"})
  void aFileOfDetectionsGivesTheNumbersOfPycocotools(String set) throws IOException {
    Path gt = GOLDEN.resolve(set).resolve("gt.json");
    Path dt = GOLDEN.resolve(set).resolve("dt.json");
    CliRun run = CliRun.of("evaluate", "-a", gt, "--detections", dt, "-f", "json");
    assertEquals(0, run.exit(), run.err());
    JsonObject actual = json(run.out()).object("stats");
    JsonObject expected =
        json(Files.readString(GOLDEN.resolve(set).resolve("expected.json"))).object("stats");
    assertEquals(12, actual.names().size());
    for (String name : actual.names()) {
      assertEquals(expected.number(name), actual.number(name), 1e-12, name);
    }
    assertEquals(set.equals("edges"), run.err().contains("the id 0"), run.err());
  }

  @Test
  void theTableDoesNotDependOnTheLocale() {
    Object[] command = {
      "evaluate",
      "-a",
      GOLDEN.resolve("set0/gt.json"),
      "--detections",
      GOLDEN.resolve("set0/dt.json")
    };
    CliRun plain = CliRun.of(command);
    assertEquals(0, plain.exit(), plain.err());
    assertTrue(
        plain.out().contains("AP, IoU 0.50:0.95   0.112   0.172   0.110   0.102"), plain.out());
    assertTrue(plain.out().matches("(?s).*\nc77 +0( +-){7}\n.*"), plain.out());
    Locale before = Locale.getDefault();
    try {
      Locale.setDefault(Locale.forLanguageTag("ar-EG"));
      assertEquals(plain, CliRun.of(command));
    } finally {
      Locale.setDefault(before);
    }
  }

  @Test
  void aModelIsRunAndItsFileGivesTheSameNumbers() throws IOException {
    CliRun run = evaluate();
    assertEquals(0, run.exit(), run.err());
    assertEquals(FILES, CliRun.names(output));
    assertTrue(run.err().contains("no label for 1 of 3 annotated classes: none"), run.err());
    assertTrue(run.err().contains("1 images differ in size"), run.err());
    assertEquals(run.out(), Files.readString(output.resolve("evaluation.json")));
    String results = Files.readString(output.resolve("results.json"));
    assertTrue(results.contains("\"image_id\":2,\"category_id\":"), results);
    CliRun again =
        CliRun.of(
            "evaluate",
            "-a",
            annotations,
            "--detections",
            output.resolve("results.json"),
            "-f",
            "json");
    assertEquals(run.out(), again.out());
    assertEquals(List.of("annotations.json", "evaluation", "photos"), CliRun.names(folder));
  }

  @Test
  void anInterruptedRunGoesOn() throws IOException {
    byte[] photo = Files.readAllBytes(photos.resolve("c.png"));
    Files.writeString(photos.resolve("c.png"), "broken");
    CliRun broken = evaluate();
    assertEquals(1, broken.exit());
    assertTrue(broken.err().contains("c.png"), broken.err());
    assertTrue(CliRun.names(output).contains("journal.jsonl"));

    // As if the power had failed in the middle of a line.
    Path journal = output.resolve("journal.jsonl");
    Files.writeString(journal, Files.readString(journal) + "{\"image_id\":2,\"det");
    Files.write(photos.resolve("c.png"), photo);
    // An image that is another one by now is looked at again.
    Files.setLastModifiedTime(photos.resolve("b.png"), FileTime.from(Instant.EPOCH));
    CliRun whole = evaluate();
    assertEquals(0, whole.exit(), whole.err());
    assertTrue(whole.err().contains("1 of 3 images are done"), whole.err());
    assertEquals(FILES, CliRun.names(output));
    String results = Files.readString(output.resolve("results.json"));

    CliRun fresh = evaluate();
    assertFalse(fresh.err().contains("resuming"), fresh.err());
    assertEquals(results, Files.readString(output.resolve("results.json")));
  }

  @Test
  void aJournalOfAnotherRunIsRefused() throws IOException {
    Files.writeString(photos.resolve("c.png"), "broken");
    assertEquals(1, evaluate().exit());
    CliRun other = evaluate("--threshold", "0.25");
    assertEquals(1, other.exit());
    assertTrue(other.err().contains("another value of threshold; --restart"), other.err());
    Path elsewhere = Files.createDirectory(folder.resolve("elsewhere"));
    for (String name : CliRun.names(photos)) {
      Files.copy(photos.resolve(name), elsewhere.resolve(name), StandardCopyOption.COPY_ATTRIBUTES);
    }
    CliRun moved =
        CliRun.of(
            "evaluate",
            "-a",
            annotations,
            "-i",
            elsewhere,
            "-o",
            output,
            "--model",
            model,
            "--classes-by",
            "id");
    assertEquals(1, moved.exit(), moved.err());
    assertFalse(moved.err().contains("resuming"), moved.err());
    Path journal = output.resolve("journal.jsonl");
    Files.writeString(journal, Files.readString(journal) + "nonsense\n");
    CliRun nonsense = evaluate();
    assertEquals(1, nonsense.exit());
    assertTrue(nonsense.err().contains("line 6"), nonsense.err()); // two of each folder
    CliRun restarted = evaluate("--threshold", "0.25", "--restart");
    assertFalse(restarted.err().contains("resuming"), restarted.err());
    assertTrue(restarted.err().contains("c.png"), restarted.err());
  }

  @Test
  void overlappingDetectionsCanBeLowered() throws IOException {
    assertEquals(0, evaluate().exit());
    double plain = sumOfScores();
    CliRun soft = evaluate("--soft-nms");
    assertEquals(0, soft.exit(), soft.err());
    assertTrue(sumOfScores() < plain);

    Files.writeString(photos.resolve("c.png"), "broken");
    assertEquals(1, evaluate().exit());
    CliRun other = evaluate("--soft-nms");
    assertTrue(other.err().contains("another value of soft-nms; --restart"), other.err());
    CliRun.of("evaluate", "-a", annotations, "--detections", annotations, "--soft-nms")
        .assertRefused(2, "leave out one of --detections and --soft-nms");
  }

  @Test
  void runsOfAnotherPrecisionAreNotContinued() throws IOException {
    Files.writeString(photos.resolve("c.png"), "broken");
    assertEquals(1, evaluate("--precision", "fp32").exit());
    // Not every processor could have begun in bf16.
    Path journal = output.resolve("journal.jsonl");
    String begun = Files.readString(journal);
    Files.writeString(journal, begun.replace("\"precision\":\"fp32\"", "\"precision\":\"bf16\""));
    CliRun other = evaluate();
    assertEquals(1, other.exit());
    assertTrue(other.err().contains("another value of precision; --restart"), other.err());
  }

  private double sumOfScores() throws IOException {
    return Pattern.compile("\"score\":([-0-9.eE]+)")
        .matcher(Files.readString(output.resolve("results.json")))
        .results()
        .mapToDouble(match -> Double.parseDouble(match.group(1)))
        .sum();
  }

  private void replace(String what, String by) throws IOException {
    String text = Files.readString(annotations);
    assertTrue(text.contains(what), what);
    Files.writeString(annotations, text.replace(what, by));
  }

  @Test
  void nothingThatIsReadIsReplaced() throws IOException {
    Files.createDirectories(output);
    String before = Files.readString(annotations);
    Path results = Files.copy(annotations, output.resolve("results.json"));
    CliRun.of("evaluate", "-a", results, "-i", photos, "-o", output, "--model", model)
        .assertRefused(1, "results.json", "would be replaced");
    Path report = Files.writeString(output.resolve("evaluation.json"), "[]");
    CliRun.of("evaluate", "-a", annotations, "--detections", report, "-o", output)
        .assertRefused(1, "evaluation.json", "would be replaced");
    assertEquals(before, Files.readString(results));
    assertEquals("[]", Files.readString(report));
  }

  @Test
  void mistakesAreOneLineAndNothingIsWritten() throws IOException {
    replace("\"a.png\"", "\"../a.png\"");
    evaluate().assertRefused(1, "../a.png", "outside");
    replace("\"../a.png\"", "\"x.png\"");
    evaluate().assertRefused(1, "1 of 3 annotated images are missing", "x.png");
    replace("\"x.png\"", "\"a.png\"");
    CliRun.of("evaluate", "-a", annotations, "-i", photos, "-o", output, "--model", nowhere())
        .assertRefused(1, "nowhere", "no such file");
    CliRun.of("evaluate", "-a", annotations, "-i", nowhere()).assertRefused(1, "nowhere");
    replace("[5, 5, 40, 30]", "[5, 5, null, 30]");
    evaluate().assertRefused(1, "annotations.json: annotations[0]", "bbox is null");
    CliRun.of("evaluate", "-a", folder.resolve("none.json"), "-i", photos)
        .assertRefused(1, "none.json", "no such file");
    assertFalse(Files.exists(output));
  }

  /** Ids of any kind come through journal and results. */
  @Test
  void idsThatAreNoNumbersAreWrittenAsTheyWere() throws IOException {
    replace("\"id\": 3,", "\"id\": \"3\",");
    replace("\"image_id\": 3,", "\"image_id\": \"3\",");
    replace("\"id\": 2,", "\"id\": 20190101123456789000001,");
    byte[] photo = Files.readAllBytes(photos.resolve("c.png"));
    Files.writeString(photos.resolve("c.png"), "broken");
    assertEquals(1, evaluate().exit());
    Files.write(photos.resolve("c.png"), photo);
    CliRun run = evaluate();
    assertEquals(0, run.exit(), run.err());
    assertTrue(run.err().contains("2 of 3 images are done"), run.err());
    List<String> odd = run.err().lines().filter(line -> line.contains("COCO's format")).toList();
    assertEquals(
        List.of(
            "detr4j: annotations.json differs from COCO's format: ids that are not numbers: 1"
                + " (first: images[0]: id is \"3\"); ids that are not 64-bit integers: 2"
                + " (first: images[2]: id is 20190101123456789000001)"),
        odd);
    Path results = output.resolve("results.json");
    assertTrue(Files.readString(results).contains("\"image_id\":\"3\",\"category_id\":"));
    CliRun again = CliRun.of("evaluate", "-a", annotations, "--detections", results, "-f", "json");
    assertEquals(run.out(), again.out());
  }

  private Path nowhere() {
    return folder.resolve("nowhere");
  }

  @Test
  void labelsThatMeanNothingAreRefused() {
    CliRun byName =
        CliRun.of("evaluate", "-a", annotations, "-i", photos, "-o", output, "--model", model);
    byName.assertRefused(1, "none of the model's labels", "zero, one, none", "--classes-by id");
  }

  @Test
  void commandLinesThatCannotBeUnderstood() {
    CliRun.of("evaluate", "-i", photos).assertRefused(2, "--annotations");
    CliRun.of("evaluate", "-a", annotations).assertRefused(2, "--images", "--detections");
    CliRun.of("evaluate", "-a", annotations, "--detections", annotations, "--model", model)
        .assertRefused(2, "--detections", "--model");
    CliRun.of("evaluate", "-a", annotations, "--detections", annotations, "-t", "0.5")
        .assertRefused(2, "leave out one of --detections and --threshold");
    CliRun.of("evaluate", "-a", annotations, "-i", photos, "-t", "1")
        .assertRefused(2, "--threshold");
  }
}
