package dev.detr4j.parity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.detr4j.backend.BackendKind;
import dev.detr4j.parity.ParityOutcome.Verdict;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the runner makes of sets that are wrong, and of cases that it cannot run. */
class ParityRunTest {
  private static final Path GOLDEN = Path.of("../../weights/golden");
  private static final String SMALL = "models/hf_deformable_small_native_resnet";

  @TempDir Path folder;

  private Path small() throws IOException {
    Path target = Files.createDirectories(folder.resolve(SMALL));
    try (Stream<Path> files = Files.list(GOLDEN.resolve(SMALL))) {
      for (Path file : files.toList()) {
        Files.copy(file, target.resolve(file.getFileName()));
      }
    }
    return target;
  }

  private static void replace(Path file, String what, String by) throws IOException {
    String text = Files.readString(file);
    assertTrue(text.contains(what), what);
    Files.writeString(file, text.replace(what, by));
  }

  private List<ParityOutcome> run() {
    List<ParityOutcome> outcomes = new ArrayList<>();
    ParityRun.run(
        ParityCases.of(GoldenSet.open(folder), List.of()),
        ParityTarget.tiersOf(BackendKind.REFERENCE, 2),
        outcomes::add);
    return outcomes;
  }

  private ParityOutcome runOne() {
    List<ParityOutcome> outcomes = run();
    assertEquals(1, outcomes.size());
    return outcomes.getFirst();
  }

  @Test
  void withoutAnIndexTheRuleGivesTheTolerance() throws IOException {
    small();
    ParityOutcome outcome = runOne();
    assertEquals(Verdict.PASS, outcome.verdict(), outcome::toString);
    assertEquals("backbone.0", outcome.stages().getFirst().stage());
    assertEquals("pred_boxes", outcome.stages().getLast().stage());
  }

  @Test
  void otherWeightsMissEveryStage() throws IOException {
    Path target = small();
    Path manifest = target.resolve("manifest.json");
    replace(manifest, "\"seed\": ", "\"seed\": 9");
    ParityOutcome outcome = runOne();
    assertEquals(Verdict.MISS, outcome.verdict());
    assertTrue(outcome.fails());
    assertTrue(outcome.stages().stream().noneMatch(StageResult::passes), outcome::toString);
    assertTrue(outcome.stages().getFirst().note().startsWith("element "), outcome::toString);
  }

  @Test
  void modelsOfOtherProjectsAreRecognisedByTheirNames() throws IOException {
    replace(small().resolve("manifest.json"), "\"huggingface\"", "\"detrex\"");
    ParityOutcome outcome = runOne();
    assertEquals(Verdict.ERROR, outcome.verdict());
    assertTrue(outcome.message().contains("Hugging Face names"), outcome::message);
  }

  /** Each is one line that names the place; none brings the run down. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "\"source\": \"huggingface\" | \"source\": 3 | source is 3",
        "\"base\": 0, | \"base\": \"x\", | base is",
        "\"shape\": [ | \"shape\": [ 7, | shape",
        "\"expected.safetensors\" | \"missing.safetensors\" | missing.safetensors",
        "\"config.json\" | \"missing.json\" | config.json",
        "\"backbone.0\" | \"backbone.9\" | backbone.9",
        "\"valid_hw\": [ | \"valid_hw\": [ [1, 1], | valid_hw",
        "\"tensors\": { | \"tensors\": [ | not valid JSON",
      })
  void aHostileManifestIsOneLine(String what, String by, String said) throws IOException {
    replaceIgnoringSpace(small().resolve("manifest.json"), what, by);
    ParityOutcome outcome = runOne();
    assertEquals(Verdict.ERROR, outcome.verdict(), outcome::toString);
    assertEquals(1, outcome.message().lines().count(), outcome::message);
    assertTrue(outcome.message().contains(said), outcome::message);
  }

  /** Manifests may have any white space: both sides are compared without. */
  private static void replaceIgnoringSpace(Path file, String what, String by) throws IOException {
    String text = Files.readString(file).replaceAll("\\s+", "");
    String dense = what.replaceAll("\\s+", "");
    assertTrue(text.contains(dense), dense);
    Files.writeString(file, text.replace(dense, by));
  }

  @Test
  void aHugeInputIsRefusedBeforeMemoryIsTaken() throws IOException {
    Path manifest = small().resolve("manifest.json");
    String text = Files.readString(manifest).replaceAll("\\s+", "");
    String shape = text.substring(text.indexOf("\"input\":{"), text.indexOf("\"expected\""));
    String huge =
        shape.replaceFirst("\"shape\":\\[[^]]*]", "\"shape\":[1,3,2000000000,2000000000]");
    Files.writeString(manifest, text.replace(shape, huge));
    ParityOutcome outcome = runOne();
    assertEquals(Verdict.ERROR, outcome.verdict());
    assertTrue(outcome.message().contains("shape is"), outcome::message);
  }

  @Test
  void brokenIndicesAreErrorsAndTheRestRuns() throws IOException {
    small();
    Files.writeString(Files.createDirectories(folder.resolve("msda")).resolve("index.json"), "[");
    Path prepost = Files.createDirectories(folder.resolve("prepost/post"));
    Files.writeString(prepost.resolve("a.json"), "{\"expected_file\": \"../../../a\"}");
    Files.writeString(folder.resolve("prepost/size_rules.json"), "{\"rows\": [[1, 2, 3]]}");
    Files.writeString(folder.resolve("prepost/preprocess.json"), "{\"cases\": 1}");
    List<ParityOutcome> outcomes = run();
    assertEquals(
        List.of(
            SMALL + " PASS",
            "msda ERROR",
            "prepost/preprocess ERROR",
            "prepost/size_rules ERROR",
            "prepost/post/a ERROR"),
        outcomes.stream().map(outcome -> outcome.path() + " " + outcome.verdict()).toList());
    for (ParityOutcome outcome : outcomes) {
      assertTrue(outcome.message().lines().count() <= 1, outcome::message);
    }
  }

  @Test
  void prefixesSelect() {
    GoldenSet set = GoldenSet.open(GOLDEN);
    assertEquals(9, ParityCases.of(set, List.of("msda")).size());
    assertEquals(1, ParityCases.of(set, List.of(SMALL)).size());
    assertEquals(10, ParityCases.of(set, List.of("msda", SMALL)).size());
    assertEquals(0, ParityCases.of(set, List.of("model/")).size());
  }

  @Test
  void neighboursMaySwapAndOthersNot() {
    List<Integer> stored = List.of(5, 7, 9, 2, 4, 6);
    assertEquals(
        0, ProposalOrder.of(stored, new int[] {5, 7, 9, 2, 4, 6}, 3).result().maxAbsError());
    ProposalOrder swapped = ProposalOrder.of(stored, new int[] {7, 5, 9, 2, 4, 6}, 3);
    assertTrue(swapped.result().passes());
    assertEquals(Optional.of("2 proposals in another place"), Optional.of(swapped.result().note()));
    assertFalse(ProposalOrder.of(stored, new int[] {9, 7, 5, 2, 4, 6}, 3).result().passes());
    assertFalse(ProposalOrder.of(stored, new int[] {5, 7, 8, 2, 4, 6}, 3).result().passes());
  }
}
