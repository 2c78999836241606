package dev.detr4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code train} as a user meets it: what is refused, what is said, what a stop leaves. */
class TrainCommandTest {
  @TempDir static Path shared;
  @TempDir Path folder;

  private static Path model;
  private Path data;
  private Path output;

  @BeforeAll
  static void makeModel() throws IOException {
    model = CliRun.smallModel(shared.resolve("model"));
  }

  @BeforeEach
  void makeData() throws IOException {
    data = Files.createDirectories(folder.resolve("data"));
    output = folder.resolve("out");
    StringBuilder images = new StringBuilder();
    StringBuilder boxes = new StringBuilder();
    for (int i = 1; i <= 5; i++) {
      CliRun.image(data.resolve(i + ".png"), 90 + i, 70);
      images.append(
          "%s{\"id\": %d, \"file_name\": \"%d.png\", \"width\": %d, \"height\": 70}"
              .formatted(i == 1 ? "" : ",", i, i, 90 + i));
      boxes.append(
          "%s{\"id\": %d, \"image_id\": %d, \"category_id\": 3, \"bbox\": [10, 10, 30, 40]}"
              .formatted(i == 1 ? "" : ",", i, i));
    }
    Files.writeString(
        data.resolve("boxes.json"),
        "{\"images\": [%s], \"annotations\": [%s], \"categories\": [{\"id\": 3, \"name\": \"thing\"}]}"
            .formatted(images, boxes));
  }

  private List<String> command(Object... more) {
    List<String> command =
        new ArrayList<>(
            List.of(
                "train",
                "--data",
                data.resolve("boxes.json").toString(),
                "--model",
                model.toString(),
                "--output",
                output.toString(),
                "--validation-share",
                "0.3",
                "--augmentation",
                "light",
                "--batch",
                "2",
                "--threads",
                "2"));
    for (Object each : more) {
      command.add(each.toString());
    }
    return command;
  }

  private CliRun run(Object... more) {
    return CliRun.of(command(more).toArray());
  }

  @Test
  void aRunSaysWhatItDoesAndWhereTheModelIs() throws IOException {
    CliRun run = run("--epochs", 2);
    assertEquals(0, run.exit(), run.err());
    List<String> out = run.out().lines().toList();
    assertEquals("2 steps: complete", out.get(0)); // three images are one step of two
    assertTrue(
        out.get(1).startsWith("best model: " + output.resolve("model") + ", AP "), out.get(1));
    List<String> err = run.err().lines().toList();
    for (String line :
        List.of(
            "detr4j: warning: classes with fewer than 10 boxes: 1 (thing: 3)",
            "detr4j: classes: heads made anew for 1",
            "detr4j: epoch 2: AP ")) {
      assertTrue(err.stream().anyMatch(each -> each.startsWith(line)), line + "\n" + run.err());
    }
    // What was written is a model like any other.
    CliRun info = CliRun.of("info", "--model", output.resolve("model"));
    assertEquals(0, info.exit(), info.err());
    CliRun detect = CliRun.of("detect", data.resolve("1.png"), "-m", output.resolve("model"));
    assertEquals(0, detect.exit(), detect.err());
  }

  @Test
  void faultyDataIsListedAndNothingIsTrained() throws IOException {
    Files.delete(data.resolve("2.png"));
    CliRun run = run();
    assertEquals(1, run.exit());
    assertEquals("", run.out());
    List<String> lines = run.err().lines().toList();
    assertTrue(
        lines.getFirst().startsWith("detr4j: error: image files that are missing: 1 ("), run.err());
    assertEquals(
        "detr4j: nothing was trained: the data or the settings have errors", lines.getLast());
    assertFalse(Files.exists(output.resolve("model")));
  }

  @Test
  void misusesAreRefusedInOneLine() {
    run("--rate", 3).assertRefused(2, "--rate is 3.0");
    run("--precision", "bf16").assertRefused(2, "training computes in fp32");
    run("--freeze", "tail")
        .assertRefused(2, "expected one of nothing, stem, first-stage", "'tail'");
    run("--validation", data.resolve("boxes.json")).assertRefused(2, "--validation names a set");
    run("--recipe", "yolo").assertRefused(1, "there is no recipe \"yolo\"");
    run("--data", folder.resolve("nowhere")).assertRefused(2, "--data");
    CliRun.of("train", "--data", folder.resolve("nowhere"), "-m", model, "-o", output)
        .assertRefused(1, "nowhere: there is no such file or folder");
    CliRun.of("train", "--data", data, "-m", folder.resolve("no-model"), "-o", output)
        .assertRefused(1, "no-model: there is no such file or folder");
  }

  @Test
  void theCheckTrainsNothingToKeep() throws IOException {
    CliRun run = run("--check");
    assertTrue(run.out().startsWith("check: "), run.out() + run.err());
    assertEquals(run.out().startsWith("check: passed") ? 0 : 1, run.exit());
    assertEquals(List.of(".lock", "first-batch.png"), CliRun.names(output));
  }

  /** SIGTERM, which the JVM takes as it takes Ctrl-C. */
  @Test
  void aStoppedRunKeepsItsStateAndTheNextGoesOn() throws Exception {
    List<String> java =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-modules=jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName()));
    java.addAll(command("--epochs", 100_000));
    Path err = folder.resolve("err");
    Path out = folder.resolve("printed");
    Process process =
        new ProcessBuilder(java).redirectError(err.toFile()).redirectOutput(out.toFile()).start();
    Path log = output.resolve("train.jsonl");
    while (process.isAlive() && !(Files.exists(log) && Files.size(log) > 0)) {
      Thread.sleep(20);
    }
    process.toHandle().destroy();
    process.waitFor();
    String said = Files.readString(err, StandardCharsets.UTF_8);
    assertTrue(said.contains("detr4j: stopping after the step at hand"), said);
    String printed = Files.readString(out, StandardCharsets.UTF_8);
    assertTrue(printed.contains(" steps: stopped (repeat the command to resume)"), printed);
    assertTrue(Files.exists(output.resolve("last/state.json")));
    assertFalse(
        CliRun.names(output).stream()
            .anyMatch(name -> name.matches("\\.(start|converted|validated)")),
        CliRun.names(output).toString());
    // Not as another run.
    run("--epochs", 1).assertRefused(1, "cannot resume: epochs was 100000 and is 1 now");
  }
}
