package dev.detr4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.detr4j.cli.accept.AcceptanceValues;
import dev.detr4j.cli.registry.ModelEntry;
import dev.detr4j.cli.registry.ModelRegistry;
import dev.detr4j.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@code detr4j accept} on the small golden model. The values are those of transformers 5.18 for
 * the same weights and picture, printed with five digits.
 */
class AcceptCommandTest {
  private static final String LOGITS =
      "-3.33484, -1.07324, 0.16771, -2.67784, -1.4884, -0.69028, -1.52737, -0.8232, -0.38036";
  private static final String BOXES =
      "0.16311, 0.74143, 0.54931, 0.69901, 0.16067, 0.50133, 0.21382, 0.15635, 0.58388";
  private static final String HIDDEN =
      "1.12303, -0.53371, 0.2722, 1.18013, -0.91279, -0.46694, 1.00896, -0.84263, 0.28686";
  private static final String DETECTIONS =
      "\"threshold\": 0.525, \"scores\": [0.60172, 0.57968, 0.55734, 0.55037, 0.54183, 0.5296],"
          + " \"labels\": [1, 1, 1, 1, 2, 1], \"first_box\": [-0.80706, 19.00656, 3.62331, 21.88575]";

  @TempDir Path folder;
  private Path photo;

  @BeforeEach
  void registry() throws IOException {
    CliRun.smallModel(folder.resolve("home/models/test/small"));
    photo = CliRun.image(folder.resolve("photo.png"), 64, 48);
    Files.createDirectories(folder.resolve("registry"));
    Files.writeString(
        folder.resolve("registry/models.json"),
        """
        {"models": [
          {"name": "test/small", "source": "huggingface", "variant": "two-stage", "licence": "none", "hub": "test/small",
           "files": [{"name": "config.json"}, {"name": "model.safetensors"}]},
          {"name": "test/absent", "source": "huggingface", "variant": "two-stage", "licence": "none",
           "hub": "test/absent", "files": [{"name": "config.json"}, {"name": "model.safetensors"}]}]}
        """);
    System.setProperty("detr4j.models.home", folder.resolve("home").toString());
    System.setProperty("detr4j.models.registry", folder.resolve("registry").toString());
  }

  @AfterEach
  void clear() {
    System.clearProperty("detr4j.models.home");
    System.clearProperty("detr4j.models.registry");
  }

  private static String rows(String stage, String values) {
    return "{\"what\": \"%s\", \"from\": \"a test\", \"rtol\": 2e-4, \"atol\": 2e-4, \"columns\": 3, \"values\": [%s]}"
        .formatted(stage, values);
  }

  private static String detections(String fields) {
    return "{\"what\": \"detections\", \"from\": \"a test\", \"rtol\": 2e-4, \"atol\": 2e-4, "
        + fields
        + "}";
  }

  private CliRun accept(String queries, String... checks) throws IOException {
    Files.writeString(
        folder.resolve("registry/acceptance.json"),
        """
        {"image": {"name": "photo", "width": 64, "height": 48, "url": "http://example.org/photo.png"},
         "models": [{"model": "test/small"%s, "checks": [%s]},
                    {"model": "test/absent", "checks": [%s]}]}
        """
            .formatted(queries, String.join(",\n", checks), checks[0]));
    return CliRun.of("accept", "test/small", "--image", photo, "--backend", "reference");
  }

  @Test
  void everyValueIsWithinItsTolerance() throws IOException {
    CliRun run =
        accept(
            "",
            rows("logits", LOGITS),
            rows("pred_boxes", BOXES),
            rows("decoder_hidden", HIDDEN),
            detections(DETECTIONS));
    assertEquals(0, run.exit(), run.out() + run.err());
    assertEquals(4, run.out().lines().filter(line -> line.startsWith("  pass")).count(), run.out());
    assertTrue(run.out().startsWith("test/small, "), run.out());
    assertTrue(run.out().contains("on reference java"), run.out());
    assertTrue(
        run.out().endsWith("all values are within their tolerance" + System.lineSeparator()));
  }

  @Test
  void aValueThatIsMissedIsNamed() throws IOException {
    CliRun run =
        accept(
            "",
            rows("logits", LOGITS.replace("-0.8232", "-0.8238")),
            rows("pred_boxes", BOXES),
            detections(DETECTIONS.replace("0.57968", "0.58068")),
            detections(DETECTIONS.replace("1, 2, 1", "1, 3, 1")),
            detections(DETECTIONS.replace("19.00656", "19.02")),
            detections(DETECTIONS.replace("0.525", "0.54")));
    assertEquals(1, run.exit(), run.out() + run.err());
    assertEquals("", run.err());
    String[] lines = run.out().split("\\R", -1);
    assertTrue(lines[1].startsWith("  FAIL  logits[0:3, 0:3]"), run.out());
    assertTrue(lines[1].contains("at [2, 1] (-0.823203, expected -0.823800"), run.out());
    assertTrue(lines[2].startsWith("  pass  pred_boxes"), run.out());
    assertTrue(lines[3].contains("FAIL") && lines[3].contains("at score 1"), run.out());
    assertTrue(
        lines[4].contains("FAIL") && lines[4].contains("expected [1, 1, 1, 1, 3, 1]"), run.out());
    assertTrue(lines[5].contains("FAIL") && lines[5].contains("at box 0, 1"), run.out());
    assertTrue(
        lines[6].contains("FAIL") && lines[6].contains("labels are [1, 1, 1, 1, 2]"), run.out());
    assertEquals("5 checks failed", lines[7]);
  }

  @Test
  void queriesInAnotherOrderMatchTheNearest() throws IOException {
    String logits = swapped(LOGITS);
    String boxes = swapped(BOXES);
    CliRun inOrder = accept("", rows("logits", logits), rows("pred_boxes", boxes));
    assertEquals(1, inOrder.exit(), inOrder.out());
    CliRun nearest =
        accept(", \"queries\": \"nearest\"", rows("logits", logits), rows("pred_boxes", boxes));
    assertEquals(0, nearest.exit(), nearest.out());
    assertTrue(nearest.out().contains("2 queries in another place"), nearest.out());
    // Logits of one query with the box of another are no query of this model.
    CliRun mixed =
        accept(", \"queries\": \"nearest\"", rows("logits", logits), rows("pred_boxes", BOXES));
    assertEquals(1, mixed.exit(), mixed.out());
  }

  /** Values may be of a photo that somebody resized. */
  @Test
  void thePhotoMayBeResizedFirst() throws IOException {
    String same = ", \"resized\": {\"width\": 64, \"height\": 48}";
    assertEquals(0, accept(same, rows("logits", LOGITS)).exit());
    String smaller = ", \"resized\": {\"width\": 32, \"height\": 24}";
    assertEquals(1, accept(smaller, rows("logits", LOGITS)).exit());
    accept(", \"resized\": {\"width\": 0, \"height\": 48}", rows("logits", LOGITS))
        .assertRefused(1, "width is 0, expected 1 to 16384");
  }

  /** The first two rows of three columns in the other order. */
  private static String swapped(String values) {
    String[] v = values.split(", ", -1);
    return String.join(", ", v[3], v[4], v[5], v[0], v[1], v[2], v[6], v[7], v[8]);
  }

  @Test
  void whatIsMissingIsOneLine() throws IOException {
    assertEquals(0, accept("", rows("logits", LOGITS)).exit());
    CliRun.of("accept", "test/small").assertRefused(1, "--image", "http://example.org/photo.png");
    Path images = Files.createDirectories(folder.resolve("home/images"));
    Files.copy(photo, images.resolve("photo.png"));
    assertEquals(0, CliRun.of("accept", "small", "--backend", "vector").exit());
    CliRun.of("accept", "test/absent").assertRefused(1, "detr4j models fetch test/absent");
    CliRun.of("accept", "other").assertRefused(1, "no published values", "test/small");
    CliRun.of("accept", "test/small", "-i", CliRun.image(folder.resolve("p.png"), 48, 64))
        .assertRefused(1, "p.png", "48 x 64", "64 x 48");
    accept("", rows("backbone.9", LOGITS))
        .assertRefused(1, "unknown stage backbone.9", "backbone.0");
    accept("", rows("logits", LOGITS + ", 1")).assertRefused(1, "10 numbers", "rows of 3");
    accept("", rows("pred_boxes", BOXES).replace("\"columns\": 3", "\"columns\": 9"))
        .assertRefused(1, "pred_boxes is [40, 4]");
  }

  @Test
  void theBuiltInValuesAreOfKnownModels() {
    AcceptanceValues values = AcceptanceValues.read(null);
    assertEquals("000000039769", values.photo().name());
    JsonObject json = ModelRegistry.json(null, AcceptanceValues.FILE);
    ModelRegistry registry = ModelRegistry.read(null);
    for (JsonObject model : json.objects("models")) {
      ModelEntry entry = registry.find(model.string("model")).orElseThrow();
      AcceptanceValues.OfModel of = values.of(entry.name());
      boolean nearest = entry.variant().equals("two-stage") || entry.name().startsWith("Roboflow/");
      assertEquals(nearest, of.nearest(), entry.name());
    }
    assertEquals(32, json.objects("models").size());
  }
}
