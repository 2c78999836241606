package dev.detr4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.detr4j.error.ModelConfigException;
import dev.detr4j.json.JsonObject;
import dev.detr4j.parity.GoldenSet;
import dev.detr4j.parity.PublishedFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InfoAndParityCommandTest {
  @TempDir Path folder;

  @Test
  void infoNamesEveryBackendAndTheModel() throws IOException {
    CliRun run = CliRun.of("info", "--model", CliRun.smallModel(folder.resolve("model")));
    assertEquals(0, run.exit(), run.err());
    for (String line :
        new String[] {"(?m)^  c ", "(?m)^  vector ", "(?m)^  reference     yes: java"}) {
      assertTrue(run.out().split(line, -1).length > 1, run.out());
    }
    assertTrue(run.out().contains("Deformable DETR"), run.out());
    assertTrue(run.out().contains("million"), run.out());
    assertLines(
        run.out(), "no GPU has run its kernels yet; all their tests ran on an emulated device");
    // The name of an instruction set is no precision: where it names one, the one in use follows.
    assertFalse(run.out().matches("(?s).*(yes: |c, )avx512-bf16\\n.*"), run.out());
  }

  private static JsonObject json(CliRun run) {
    assertEquals(0, run.exit(), run.err());
    return JsonObject.parse(
        "output", run.out().getBytes(StandardCharsets.UTF_8), ModelConfigException::new);
  }

  /** The same as the text, which has each value somewhere. */
  @Test
  void infoForPrograms() throws IOException {
    Path model = CliRun.smallModel(folder.resolve("model"));
    JsonObject machine = json(CliRun.of("info", "--format", "json"));
    CliRun text = CliRun.of("info", "--model", model);
    assertFalse(machine.has("model"));
    JsonObject used = machine.object("in_use");
    assertEquals("fp32", used.string("precision"));
    assertLines(
        text.out(),
        "backend " + used.string("backend") + ", " + used.string("instruction_set"),
        "device " + used.string("device"),
        "chosen by " + used.string("chosen_by"));
    List<JsonObject> backends = machine.objects("backends");
    assertEquals(
        List.of("cuda", "c", "vector", "reference"),
        backends.stream().map(each -> each.string("name")).toList());
    for (JsonObject each : backends) {
      assertLines(
          text.out(),
          each.string("name")
              + (each.bool("usable", false)
                  ? " yes: " + each.string("instruction_set")
                  : " no: " + each.string("reason")));
    }
    assertEquals(
        Runtime.getRuntime().availableProcessors(), machine.object("system").number("processors"));

    JsonObject described = json(CliRun.of("info", model, "-f", "json"));
    assertEquals(Set.of("model"), described.names());
    JsonObject summary = described.object("model");
    assertEquals(model.toString(), summary.string("path"));
    assertEquals("huggingface", summary.string("source"));
    assertEquals(
        summary.strings("labels").size(), summary.number("classes"), "every class has its name");
    CliRun.of("info", "none", "-f", "json").assertRefused(1, "model none: there is no such file");
    CliRun refused = CliRun.of("info", "-f", "json", "--isa", "sse9");
    assertEquals(1, refused.exit());
    assertTrue(refused.err().contains("sse9"), refused.err());
    assertTrue(refused.out().replaceAll("\\s", "").endsWith("\"in_use\":null}"), refused.out());
  }

  /**
   * Describing a model computes nothing, so that it cannot matter what products are computed in.
   */
  @Test
  void infoDescribesAModelWhateverThePrecision() throws IOException {
    Path model = CliRun.smallModel(folder.resolve("model"));
    System.setProperty("detr4j.precision", "bf16");
    try {
      CliRun run = CliRun.of("info", model);
      assertTrue(run.out().contains("million"), run.out() + run.err());
    } finally {
      System.clearProperty("detr4j.precision");
    }
  }

  /** The file is the project's own container; what it says and does not say is inferred. */
  @Test
  void infoSaysWhatAFileIsAndWhatWasAssumed() throws IOException {
    PublishedFile published = PublishedFile.DEFORMABLE_DETR;
    GoldenSet set = GoldenSet.open(Path.of("../../weights/golden"));
    Path file = published.write(set.model(published.goldenCase()), folder);
    Path labels = folder.resolve("labels.json");
    Files.writeString(labels, "{\"17\": \"Katze\", \"0\": \"nichts\"}");
    CliRun run = CliRun.of("info", file);
    assertEquals(0, run.exit(), run.err());
    assertLines(
        run.out(),
        "source deformable-detr",
        "variant two-stage",
        "architecture Deformable DETR, box refinement, two-stage",
        "backbone ResNet-50",
        "layers 6 encoder, 6 decoder",
        "levels 4",
        "refinement yes",
        "two-stage yes",
        "parameters 41.3 million",
        "queries 300",
        "classes 91: N/A, person, bicycle, car, motorcycle, airplane, …",
        "EXIF orientation is ignored",
        "checkpoint " + file,
        "assumed attention has 8 heads, as in all published models; otherwise --heads N",
        "the 300 best proposals become queries; otherwise --proposals N",
        "the 91 classes are those of COCO; otherwise --labels FILE");
    CliRun told = CliRun.of("info", file, "--proposals", "100", "--heads", 4, "--labels", labels);
    assertEquals(0, told.exit(), told.err());
    assertLines(told.out(), "queries 100", "classes 91: nichts, LABEL_1,");
    assertFalse(told.out().contains("--"), told.out());
    CliRun.of(
            "detect",
            CliRun.image(folder.resolve("i.png"), 60, 45),
            "--model",
            file,
            "--proposals",
            30_000)
        .assertRefused(1, "17821 places", "keeps 30000 proposals");
    CliRun.of("info", file, "--variant", "single-scale-dc5")
        .assertRefused(1, "variant single-scale-dc5 was requested", "those of two-stage");
    CliRun.of("info", file, "--source", "birder")
        .assertRefused(1, "source birder was requested", "those of deformable-detr");
    CliRun.of("info", file, "--source", "darknet").assertRefused(2, "darknet", "expected one of");
    CliRun.of("info", file, "--model", file).assertRefused(2, "mutually exclusive");
    CliRun.of("info", file, "--labels", folder.resolve("none.txt"))
        .assertRefused(1, "none.txt: there is no such file");
  }

  /** Each in some line, whatever the space between name and value. */
  private static void assertLines(String out, String... lines) {
    String plain = out.replaceAll(" +", " ");
    for (String line : lines) {
      assertTrue(plain.contains(" " + line), () -> "no \"" + line + "\" in: " + out);
    }
  }

  @Test
  void parityPrintsStagesAndPasses() {
    CliRun run =
        CliRun.of(
            "parity",
            "../../weights/golden",
            "--backend",
            "reference",
            "--case",
            "models/hf_deformable_small_eps",
            "--case",
            "msda/msda_00");
    assertEquals(0, run.exit(), run.out() + run.err());
    assertTrue(run.out().contains("backbone.0"), run.out());
    assertTrue(run.out().contains("by boxes"), run.out());
    assertTrue(run.out().contains("2 runs of cases"), run.out());
    assertTrue(run.out().contains(" 0 miss; 0 errors; 0 cases not run"), run.out());
  }

  @Test
  void aMissIsAFailure() throws IOException {
    Path set = folder.resolve("set/models/small");
    Files.createDirectories(set);
    for (String name : CliRun.names(CliRun.SMALL_MODEL)) {
      Files.copy(CliRun.SMALL_MODEL.resolve(name), set.resolve(name));
    }
    Path manifest = set.resolve("manifest.json");
    Files.writeString(
        manifest, Files.readString(manifest).replaceFirst("\"seed\": ", "\"seed\": 7"));
    CliRun run = CliRun.of("parity", folder.resolve("set"), "--backend", "reference", "--worst");
    assertEquals(1, run.exit(), run.out());
    assertTrue(run.out().contains("MISS"), run.out());
    assertTrue(run.out().contains("miss models/small on reference java, backbone.0"), run.out());
  }

  @Test
  void aBackendThatIsMissingIsAnError() {
    CliRun.of("parity", "../../weights/golden", "--backend", "cuda")
        .assertRefused(1, "backend cuda", "cannot be used");
    CliRun.of("parity", "../../weights/golden", "--case", "nonsense")
        .assertRefused(2, "no case", "nonsense");
    CliRun.of("parity", folder).assertRefused(1, "golden set");
  }
}
