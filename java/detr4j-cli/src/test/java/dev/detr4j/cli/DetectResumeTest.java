package dev.detr4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What is left of a {@code detect} that was ended in the middle, and how the next one takes it up.
 */
class DetectResumeTest {
  @TempDir static Path shared;
  @TempDir Path folder;

  private static Path model;
  private Path a;
  private Path b;
  private Path results;
  private Path journal;

  @BeforeAll
  static void makeModel() throws IOException {
    model = CliRun.smallModel(shared.resolve("model"));
  }

  @BeforeEach
  void makePhotos() throws IOException {
    a = CliRun.image(folder.resolve("a.png"), 60, 44);
    b = CliRun.image(folder.resolve("b.png"), 50, 44);
    results = folder.resolve("found.csv");
    journal = folder.resolve("found.csv.journal");
  }

  private List<String> command(Path to, Object... more) {
    List<String> command =
        new ArrayList<>(
            List.of(
                "detect", a.toString(), b.toString(), "-", "-m", model.toString(), "-f", "csv"));
    command.addAll(List.of("-t", "0.3", "-o", to.toString()));
    for (Object each : more) {
      command.add(each.toString());
    }
    return command;
  }

  /** In this JVM, with an image on standard input. */
  private CliRun run(Path to, Object... more) throws IOException {
    InputStream before = System.in;
    try (InputStream third = new ByteArrayInputStream(Files.readAllBytes(a))) {
      System.setIn(third);
      return CliRun.of(command(to, more).toArray());
    } finally {
      System.setIn(before);
    }
  }

  /**
   * In a JVM of its own, which is told to end while it waits for the third image on standard input.
   * Returns what it said.
   */
  private String interrupted() throws Exception {
    List<String> java =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-modules=jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName()));
    java.addAll(command(results));
    Path err = folder.resolve("err");
    Process process = new ProcessBuilder(java).redirectError(err.toFile()).start();
    while (process.isAlive() && !(Files.exists(journal) && lines() == 3)) {
      Thread.sleep(20);
    }
    assertTrue(process.isAlive(), () -> "it waits for its third image");
    // SIGTERM, which the JVM takes as it takes SIGINT; Process.destroy would end standard input
    // first.
    process.toHandle().destroy();
    process.waitFor();
    String said = Files.readString(err);
    Files.delete(err);
    return said;
  }

  private long lines() throws IOException {
    return Files.readString(journal, StandardCharsets.UTF_8).chars().filter(c -> c == '\n').count();
  }

  @Test
  void anInterruptedRunSaysWhatIsKeptAndTheNextGoesOn() throws Exception {
    String said = interrupted();
    assertTrue(
        said.endsWith(
            "detr4j: stopped: 2 of 3 images are kept in %s; repeat the command to resume%n"
                .formatted(journal)),
        said);
    // Nothing is half-written: no results, no file aside.
    assertEquals(List.of("a.png", "b.png", "found.csv.journal"), CliRun.names(folder));

    Path drawn = folder.resolve("drawn");
    CliRun resumed = run(results, "--draw", drawn);
    assertEquals(0, resumed.exit(), resumed.err());
    assertEquals(
        "detr4j: resuming an interrupted run: 2 images are done" + System.lineSeparator(),
        resumed.err());
    assertEquals(List.of("a.png", "b.png", "stdin.png"), CliRun.names(drawn));
    assertFalse(Files.exists(journal), "the results are complete");

    Path whole = folder.resolve("whole.csv");
    assertEquals(0, run(whole).exit());
    assertEquals(Files.readString(whole), Files.readString(results));
    assertTrue(Files.readString(whole).lines().count() > 10);
  }

  @Test
  void whatIsKeptIsNotComputedAgainUnlessItsFileChanged() throws Exception {
    interrupted();
    // Detections that no network made, so that it shows where they came from.
    Files.writeString(
        journal,
        Files.readString(journal).replaceAll("\"detections\":\\[.*]", "\"detections\":[]"));
    Files.writeString(journal, Files.readString(journal) + "{\"image\":\"half a li");
    CliRun.image(b, 70, 44);
    CliRun resumed = run(results);
    assertEquals(0, resumed.exit(), resumed.err());
    String text = Files.readString(results);
    assertFalse(text.contains(a.toString()), text);
    assertTrue(text.contains(b + ",70,44,"), text);
    assertTrue(text.contains("\n-,60,44,"), text);
  }

  @Test
  void aJournalOfAnotherRunIsRefused() throws Exception {
    interrupted();
    String kept = Files.readString(journal);
    run(results, "--max-pixels", "10000")
        .assertRefused(1, "found.csv.journal", "max-pixels", "--restart");
    run(results, "--only", "0").assertRefused(1, "found.csv.journal", "only", "--restart");
    assertEquals(kept, Files.readString(journal));
    Files.writeString(journal, "nonsense\n");
    run(results).assertRefused(1, "found.csv.journal, line 1 is not valid JSON", "--restart");
    CliRun again = run(results, "--max-pixels", "10000", "--restart");
    assertEquals("", again.err());
    assertEquals(0, again.exit());
    assertFalse(Files.exists(journal));
    CliRun.of("detect", a, b, "--restart").assertRefused(2, "--restart needs --output");
  }

  @Test
  void oneProcessAtATimeAndNoJournalWhereNothingIsKept() throws Exception {
    RunIdentity run = new RunIdentity().with("threshold", "0.3");
    try (FoundJournal held = FoundJournal.open(results, run, List.of(), false)) {
      assertEquals(0, held.size());
      run(results).assertRefused(1, "found.csv.journal: another run is writing here");
    }
    Files.delete(journal);
    // Images that cannot be read leave neither results nor a journal.
    Path missing = folder.resolve("missing.png");
    CliRun.of("detect", missing, missing, "-m", model, "-o", results);
    assertEquals(List.of("a.png", "b.png"), CliRun.names(folder));
    assertEquals(0, CliRun.of("detect", a, b, "-m", model).exit());
    assertEquals(0, CliRun.of("detect", a, "-m", model, "-o", results).exit());
    assertEquals(List.of("a.png", "b.png", "found.csv"), CliRun.names(folder));
  }
}
