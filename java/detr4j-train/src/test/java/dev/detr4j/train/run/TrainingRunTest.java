package dev.detr4j.train.run;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.detr4j.image.ImageDecoder;
import dev.detr4j.image.PillowResampling;
import dev.detr4j.image.PixelSize;
import dev.detr4j.image.ResamplingFilter;
import dev.detr4j.train.TrainingException;
import dev.detr4j.train.augment.BatchMaker;
import dev.detr4j.train.augment.FixedAugmentation;
import dev.detr4j.train.data.Dataset;
import dev.detr4j.train.data.LabelledBox;
import dev.detr4j.train.data.SampleFiles;
import dev.detr4j.train.data.TrainingImage;
import dev.detr4j.train.fault.Fault;
import dev.detr4j.train.fault.Findings;
import dev.detr4j.train.recipe.EarlyStopping;
import dev.detr4j.train.recipe.MovingAverage;
import dev.detr4j.train.recipe.Schedule;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Runs of a tiny engine: stopped, killed and resumed, with losses that are not finite. What comes
 * out must be the same to the bit as without the interruption.
 */
class TrainingRunTest {
  private static final EarlyStopping.Rule NEVER = EarlyStopping.Rule.NEVER;

  @TempDir Path folder;
  private final List<TrainingImage> images = new ArrayList<>();
  private final List<String> messages = new ArrayList<>();
  private final List<String> progress = new ArrayList<>();
  private Duration stateEvery = Duration.ofDays(1);
  private String threads = "2";

  @BeforeEach
  void pictures() {
    for (int i = 0; i < 9; i++) {
      Path file = SampleFiles.picture(folder.resolve("pictures/" + i + ".png"), 40, 30, i + 1);
      LabelledBox box = new LabelledBox(0, 5, 5, 20, 20, Double.NaN, false, "");
      images.add(new TrainingImage(i + ".png", file, 40, 30, false, List.of(box)));
    }
  }

  private Dataset dataset() {
    return new Dataset("", folder, List.of("thing"), images);
  }

  private RunPlan plan(int epochs, EarlyStopping.Rule rule) {
    return new RunPlan(
        epochs,
        0.06,
        new Schedule.Falling(3, 1 / 3.0, 0.03),
        new MovingAverage.Rising(0.99),
        rule,
        stateEvery);
  }

  private TrainingRun run(String out, TinyEngine engine, RunPlan plan) {
    BatchMaker batches =
        new BatchMaker(
            dataset(),
            new ImageDecoder(),
            new FixedAugmentation(
                new PixelSize(8, 8), new PillowResampling(ResamplingFilter.BILINEAR), true, 0.2),
            3,
            2);
    Path model = folder.resolve(out).resolve("exported.bin");
    return new TrainingRun(
        engine,
        batches,
        dataset(),
        plan,
        new RunFolder(folder.resolve(out)),
        new RunIdentity().with("rate", plan.rate()).with("threads", threads),
        (weights, metrics) -> {
          try {
            Files.write(model, weights.getFirst().values().toArray(ValueLayout.JAVA_BYTE));
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
          assertTrue(metrics.containsKey("AP50"));
        },
        _ -> null,
        List.of(),
        new TrainingRun.Listener() {
          @Override
          public void progress(String line) {
            progress.add(line);
          }

          @Override
          public void message(String line) {
            messages.add(line);
          }
        });
  }

  private static TinyEngine engine(Long... killed) {
    return new TinyEngine(Set.of(killed), Set.of());
  }

  private byte[] file(String run, String name) throws IOException {
    return Files.readAllBytes(folder.resolve(run).resolve(name));
  }

  /** The log without the times, which differ. */
  private List<String> log(String run) throws IOException {
    return Files.readAllLines(folder.resolve(run).resolve("train.jsonl")).stream()
        .map(line -> line.replaceAll(",\"seconds\":[^,}]*", ""))
        .toList();
  }

  private void assertSameRun(String expected, String actual) throws IOException {
    assertArrayEquals(
        file(expected, "last/tensors.safetensors"), file(actual, "last/tensors.safetensors"));
    assertArrayEquals(file(expected, "last/state.json"), file(actual, "last/state.json"));
    assertArrayEquals(file(expected, "exported.bin"), file(actual, "exported.bin"));
    assertArrayEquals(file(expected, "curves.png"), file(actual, "curves.png"));
    assertEquals(log(expected), log(actual));
  }

  @Test
  void aRunLearnsAndLeavesItsFiles() throws IOException {
    TrainingRun.Result result;
    try (TinyEngine engine = engine()) {
      result = run("a", engine, plan(6, NEVER)).run();
    }
    assertEquals(TrainingRun.End.COMPLETE, result.end());
    assertEquals(24, result.steps());
    assertTrue(result.best() > 0.0, "best " + result.best());
    for (String name :
        List.of(
            "last/state.json",
            "first-batch.png",
            "train.jsonl",
            "curves.png",
            "report.html",
            "mistakes.html")) {
      assertTrue(Files.size(folder.resolve("a").resolve(name)) > 60, name);
    }
    assertEquals(30, log("a").size());
    assertTrue(log("a").getFirst().startsWith("{\"step\":1,\"epoch\":0,\"loss\":"));
    assertTrue(progress.getFirst().startsWith("epoch 1/6  step 1/24  loss "), progress.getFirst());
    assertTrue(messages.getFirst().startsWith("epoch 1: AP "), messages.getFirst());
    try (Stream<Path> files = Files.walk(folder.resolve("a"))) {
      assertEquals(
          List.of(),
          files.filter(file -> file.toString().matches(".*\\.(partial|before)")).toList());
    }
  }

  @Test
  void stoppedAndResumedIsTheSame() throws IOException {
    try (TinyEngine engine = engine()) {
      run("whole", engine, plan(5, NEVER)).run();
    }
    TrainingRun.Result result;
    int parts = 0;
    do {
      try (TinyEngine engine = engine()) {
        TrainingRun run = run("parts", engine, plan(5, NEVER));
        // Each part ends after its first step.
        run.requestStop();
        result = run.run();
        parts++;
      }
    } while (result.end() == TrainingRun.End.STOPPED);
    assertTrue(parts > 10, parts + " parts");
    assertSameRun("whole", "parts");
  }

  @Test
  void aValidationThatIsStoppedOrFailsIsDoneAgain() throws IOException {
    try (TinyEngine engine = engine()) {
      run("whole", engine, plan(3, NEVER)).run();
    }
    try (TinyEngine engine = engine()) {
      TrainingRun run = run("parts", engine, plan(3, NEVER));
      engine.whileDetecting = run::requestStop;
      TrainingRun.Result result = run.run();
      assertEquals(TrainingRun.End.STOPPED, result.end());
      assertEquals(-1, result.bestEpoch(), "the first validation did not end");
    }
    try (TinyEngine engine = engine()) {
      engine.whileDetecting =
          () -> {
            if (engine.detected == 2) {
              throw new UncheckedIOException(new IOException("the image has gone"));
            }
          };
      assertThrows(UncheckedIOException.class, () -> run("parts", engine, plan(3, NEVER)).run());
    }
    try (TinyEngine engine = engine()) {
      run("parts", engine, plan(3, NEVER)).run();
    }
    assertSameRun("whole", "parts");
  }

  @Test
  void killedAtAnyStepIsTheSame() throws IOException {
    try (TinyEngine engine = engine()) {
      run("whole", engine, plan(4, NEVER)).run();
    }
    for (long kill : new long[] {1, 3, 4, 5, 11, 16}) {
      String name = "killed" + kill;
      // A state after each step for some, only after evaluations for the others.
      stateEvery = kill % 2 == 0 ? Duration.ZERO : Duration.ofDays(1);
      try (TinyEngine engine = engine(kill)) {
        TrainingRun run = run(name, engine, plan(4, NEVER));
        assertThrows(TinyEngine.Killed.class, run::run);
      }
      try (TinyEngine engine = engine()) {
        run(name, engine, plan(4, NEVER)).run();
      }
      assertSameRun("whole", name);
    }
  }

  @Test
  void theStateBeforeCountsWhereTheProcessEndedBetweenTwoRenames() throws IOException {
    try (TinyEngine engine = engine()) {
      run("whole", engine, plan(4, NEVER)).run();
    }
    try (TinyEngine engine = engine(6L)) {
      TrainingRun run = run("torn", engine, plan(4, NEVER));
      assertThrows(TinyEngine.Killed.class, run::run);
    }
    Path last = folder.resolve("torn/last");
    Files.move(last, folder.resolve("torn/last.before"));
    SampleFiles.text(folder.resolve("torn/last.partial/state.json"), "{");
    SampleFiles.text(
        folder.resolve("torn/train.jsonl"),
        String.join("\n", Files.readAllLines(folder.resolve("torn/train.jsonl")))
            + "\n{\"step\":6,\"epo");
    try (TinyEngine engine = engine()) {
      run("torn", engine, plan(4, NEVER)).run();
    }
    assertSameRun("whole", "torn");
  }

  @Test
  void lossesThatAreNotFiniteNameTheImageAndHalveTheRate() throws IOException {
    TrainingRun.Result result;
    try (TinyEngine engine = new TinyEngine(Set.of(), Set.of(3L, 5L))) {
      result = run("a", engine, plan(3, NEVER)).run();
    }
    assertEquals(12, result.steps());
    String message = messages.getFirst();
    assertTrue(
        message.matches(
            "step 3, \\d\\.png: last decoder layer, image 0 of the batch: the class loss is NaN; the step was left out and the rate halved"),
        message);
    assertTrue(log("a").stream().anyMatch(line -> line.contains("\"event\":\"step 5, ")));
    assertTrue(Files.readString(folder.resolve("a/last/state.json")).contains("\"0.25\""));
  }

  @Test
  void fiveSuchStepsInARowEndTheRunWithItsWeightsKept() throws IOException {
    try (TinyEngine engine = new TinyEngine(Set.of(), Set.of(3L, 4L, 5L, 6L, 7L))) {
      TrainingRun run = run("a", engine, plan(3, NEVER));
      String message = assertThrows(TrainingException.class, run::run).getMessage();
      assertTrue(
          message.startsWith("5 steps in a row were not finite, the last one was step 7"), message);
      assertFalse(message.contains("\n"));
    }
    assertTrue(Files.exists(folder.resolve("a/last/tensors.safetensors")));
  }

  @Test
  void aRunWithoutGainEnds() {
    TrainingRun.Result result;
    try (TinyEngine engine = engine()) {
      result = run("a", engine, plan(40, new EarlyStopping.Rule(2, 0.5))).run();
    }
    assertEquals(TrainingRun.End.NO_GAIN, result.end());
    assertTrue(result.steps() < 160, result.toString());
    try (TinyEngine engine = engine()) {
      // Resumed, it stays at its end.
      assertEquals(
          TrainingRun.End.NO_GAIN,
          run("a", engine, plan(40, new EarlyStopping.Rule(2, 0.5))).run().end());
      assertEquals(0, engine.detected);
    }
  }

  @Test
  void otherSettingsAreAnotherRun() {
    try (TinyEngine engine = engine(6L)) {
      TrainingRun run = run("a", engine, plan(2, NEVER));
      assertThrows(TinyEngine.Killed.class, run::run);
    }
    try (TinyEngine engine = engine()) {
      RunPlan other =
          new RunPlan(
              2,
              0.5,
              new Schedule.Linear(0),
              MovingAverage.Constant.NONE,
              NEVER,
              Duration.ofDays(1));
      TrainingRun run = run("a", engine, other);
      assertEquals(
          "cannot resume: rate was 0.06 and is 0.5 now; repeat the run's own options, or begin in another folder",
          assertThrows(TrainingException.class, run::run).getMessage());
    }
    try (TinyEngine engine = engine()) {
      threads = "3";
      run("a", engine, plan(2, NEVER)).run();
    }
    assertTrue(
        messages.contains("threads was 2 and is 3 now: the run goes on, but not to the same bits"),
        messages.toString());
  }

  @Test
  void anOutputFolderWithAnotherRunIsAnError() {
    try (TinyEngine engine = engine()) {
      run("a", engine, plan(1, NEVER)).run();
    }
    Findings findings = new Findings();
    RunFolder used = new RunFolder(folder.resolve("a"));
    used.check(findings);
    new RunFolder(folder.resolve("b")).check(findings);
    assertEquals("", findings.toString());
    used.discard();
    SampleFiles.text(folder.resolve("a/model/config.json"), "{}");
    used.check(findings);
    assertEquals(1, findings.count(Fault.OUTPUT_TAKEN));
  }

  @Test
  void twoRunsDoNotShareAFolder() throws Exception {
    RunFolder one = new RunFolder(folder.resolve("a"));
    one.create();
    try (AutoCloseable held = one.lock()) {
      assertTrue(held != null);
      String message =
          assertThrows(TrainingException.class, new RunFolder(folder.resolve("a"))::lock)
              .getMessage();
      assertTrue(message.endsWith("another run writes to this folder; name another"), message);
    }
    one.lock().close();
  }

  @Test
  void twoImagesAreLearnedByHeart() {
    Dataset two = OverfitCheck.images(dataset());
    assertEquals(
        List.of("0.png", "1.png"), two.images().stream().map(TrainingImage::name).toList());
    BatchMaker batches =
        new BatchMaker(
            two,
            new ImageDecoder(),
            new FixedAugmentation(
                new PixelSize(8, 8), new PillowResampling(ResamplingFilter.BILINEAR), false, 0),
            1,
            2);
    try (TinyEngine engine = engine()) {
      OverfitCheck.Result result = OverfitCheck.run(engine, batches, two, 0.05, progress::add);
      assertTrue(result.ap() > 0 && result.lastLoss() < result.firstLoss(), result.toString());
      assertTrue(result.toString().startsWith("check: "), result.toString());
      assertEquals(OverfitCheck.STEPS, progress.size());
    }
  }
}
