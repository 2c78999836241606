package dev.detr4j.train.finetune;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.detr4j.Detector;
import dev.detr4j.backend.BackendKind;
import dev.detr4j.image.PixelSize;
import dev.detr4j.train.TrainingException;
import dev.detr4j.train.data.SampleFiles;
import dev.detr4j.train.fault.Fault;
import dev.detr4j.train.fault.FaultyDataException;
import dev.detr4j.train.prepare.TrainingOptions;
import dev.detr4j.train.recipe.Freezing;
import dev.detr4j.train.run.TrainingRun;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The default model learns discs and squares, from annotated files to a folder that a detector
 * opens: whole, stopped and resumed.
 */
class FineTuningTest {
  @TempDir Path folder;
  private final List<String> messages = new ArrayList<>();

  private static Path model() {
    Path at = Path.of("").toAbsolutePath();
    while (!Files.exists(at.resolve("weights/codes/model"))) {
      at = at.getParent();
    }
    return at.resolve("weights/codes/model");
  }

  @BeforeEach
  void pictures() throws IOException {
    SampleFiles.text(
        folder.resolve("data/data.yaml"),
        "train: images/train\nval: images/val\nnames: [disc, square]\n");
    for (int i = 0; i < 6; i++) {
      String name = (i < 4 ? "train/" : "val/") + i;
      BufferedImage picture = new BufferedImage(160, 120, BufferedImage.TYPE_INT_RGB);
      Graphics2D graphics = picture.createGraphics();
      graphics.setColor(new Color(40 + 10 * i, 60, 90));
      graphics.fillRect(0, 0, 160, 120);
      graphics.setColor(new Color(240, 200 - 20 * i, 60));
      graphics.fillOval(10 + 5 * i, 20, 50, 50);
      graphics.fillRect(80, 30 + 5 * i, 50, 50);
      graphics.dispose();
      Path file = folder.resolve("data/images/" + name + ".png");
      Files.createDirectories(file.getParent());
      ImageIO.write(picture, "png", file.toFile());
      SampleFiles.text(
          folder.resolve("data/labels/" + name + ".txt"),
          "0 %s %s %s %s\n1 %s %s %s %s\n"
              .formatted(
                  (35 + 5 * i) / 160.0,
                  45 / 120.0,
                  50 / 160.0,
                  50 / 120.0,
                  105 / 160.0,
                  (55 + 5 * i) / 120.0,
                  50 / 160.0,
                  50 / 120.0));
    }
  }

  private FineTuningBuilder settings(String output) {
    return FineTuning.of(model(), folder.resolve("data"), folder.resolve(output))
        .name("codes")
        .backend(BackendKind.VECTOR)
        .threads(2)
        .batch(2)
        .epochs(2)
        .listener(
            new TrainingRun.Listener() {
              @Override
              public void progress(String line) {}

              @Override
              public void message(String line) {
                messages.add(line);
              }
            });
  }

  private List<String> files(String output) throws IOException {
    try (Stream<Path> files = Files.list(folder.resolve(output))) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  private byte[] bytes(String file) throws IOException {
    return Files.readAllBytes(folder.resolve(file));
  }

  @Test
  void aRunEndsWithAModelThatADetectorOpens() throws IOException {
    try (FineTuning tuning = settings("a").open()) {
      assertFalse(tuning.resumes());
      assertTrue(
          tuning.findings().stream().allMatch(found -> found.fault() == Fault.FEW_BOXES),
          tuning.findings().toString());
      assertTrue(tuning.summary().contains("classes: heads made anew for 2"), "a summary");
      TrainingRun.Result result = tuning.run();
      assertEquals(TrainingRun.End.COMPLETE, result.end());
      assertEquals(4, result.steps());
    }
    assertEquals(
        List.of(
            ".lock",
            "curves.png",
            "first-batch.png",
            "last",
            "mistakes.html",
            "model",
            "report.html",
            "train.jsonl"),
        files("a"));
    try (Detector detector =
        Detector.builder(folder.resolve("a/model")).backend(BackendKind.VECTOR).build()) {
      assertEquals(List.of("disc", "square"), detector.labels());
    }
    String card = Files.readString(folder.resolve("a/model/README.md"));
    assertTrue(card.contains("fine-tuned from `codes`"), card);
    assertFalse(card.contains("digest"), card);
    // The same again has nothing to do.
    try (FineTuning tuning = settings("a").open()) {
      assertTrue(tuning.resumes());
      assertEquals(4, tuning.run().steps());
    }
  }

  @Test
  void theProgramOfTheDocumentationTrains() throws IOException {
    String output = folder.resolve("program").toString();
    TrainOnPhotos.main(
        new String[] {model().toString(), folder.resolve("data").toString(), output, "1"});
    assertTrue(Files.exists(folder.resolve("program/model/model.safetensors")));
  }

  @Test
  void aStoppedRunGoesOnToTheSameBits() throws IOException {
    try (FineTuning tuning = settings("whole").open()) {
      tuning.run();
    }
    try (FineTuning tuning = settings("parts").open()) {
      tuning.requestStop();
      TrainingRun.Result result = tuning.run();
      assertEquals(TrainingRun.End.STOPPED, result.end());
      assertEquals(1, result.steps());
    }
    try (FineTuning tuning = settings("parts").open()) {
      assertTrue(tuning.resumes());
      tuning.run();
    }
    for (String name : List.of("last/tensors.safetensors", "model/model.safetensors")) {
      assertArrayEquals(bytes("whole/" + name), bytes("parts/" + name), name);
    }
    assertTrue(messages.contains("resumed after step 1, in epoch 1"), messages.toString());
    assertTrue(
        messages.stream().noneMatch(line -> line.startsWith("warning")), messages.toString());
    // Another run is refused, until it is asked to begin anew.
    try (FineTuning tuning = settings("parts").seed(2).open()) {
      String message = assertThrows(TrainingException.class, tuning::checkFolder).getMessage();
      assertTrue(message.startsWith("cannot resume: seed was 1 and is 2 now"), message);
    }
    // What cannot begin takes nothing away from what is there.
    Path state = folder.resolve("parts/last/state.json");
    FineTuningBuilder unread =
        FineTuning.of(model(), folder.resolve("nowhere"), folder.resolve("parts")).restart();
    assertThrows(TrainingException.class, unread::open);
    try (FineTuning tuning = settings("parts").restart().open()) {
      assertFalse(tuning.resumes());
    }
    assertTrue(Files.exists(state));
    try (FineTuning tuning = settings("parts").seed(2).restart().epochs(1).open()) {
      assertFalse(tuning.resumes());
      assertEquals(2, tuning.run().steps());
    }
  }

  @Test
  void aDamagedStateIsNamed() throws IOException {
    SampleFiles.text(folder.resolve("a/last/state.json"), "{\"format\": 1");
    try (FineTuning tuning = settings("a").open()) {
      String message = assertThrows(TrainingException.class, tuning::run).getMessage();
      assertTrue(
          message.startsWith(
              folder.resolve("a/last")
                  + ": the state of a run cannot be read; --restart begins anew: state.json is not valid JSON"),
          message);
    }
    SampleFiles.text(folder.resolve("file"), "");
    FineTuningBuilder onFile = settings("file");
    assertEquals(
        folder.resolve("file") + ": is a file, expected a folder",
        assertThrows(TrainingException.class, onFile::open).getMessage());
  }

  @Test
  void whatIsFrozenStaysWhatItWas() throws IOException {
    try (FineTuning tuning = settings("a").freezing(Freezing.ALL_BUT_HEADS).epochs(1).open()) {
      assertTrue(tuning.summary().getFirst().startsWith("model: codes, 2,3"), "a summary");
      tuning.run();
    }
    assertTrue(
        Files.size(folder.resolve("a/last/tensors.safetensors"))
            < Files.size(folder.resolve("a/model/model.safetensors")),
        "four times what learns is less than the model");
  }

  @Test
  void faultyDataEndsTheStartAndLeavesNothingBehind() throws IOException {
    SampleFiles.text(folder.resolve("data/labels/train/1.txt"), "7 0.5 0.5 0.5 0.5\n");
    FaultyDataException error = assertThrows(FaultyDataException.class, () -> settings("a").open());
    assertTrue(
        error.findings().stream().anyMatch(found -> found.fault() == Fault.UNKNOWN_CLASS),
        error.toString());
    assertEquals(List.of(".lock"), files("a"));
  }

  @Test
  void tooLittleMemoryIsSaidBeforeTheFirstStep() {
    MemoryNeed need = new MemoryNeed(1L << 30, 9L << 30, 4L << 30, new PixelSize(1333, 800));
    assertEquals("9.0 GiB at 1333x800 pixels, 5.0 GiB free", need.toString());
    String message = assertThrows(TrainingException.class, () -> need.check(false)).getMessage();
    assertTrue(
        message.startsWith(
            "a step on 1333x800 pixels needs 9.0 GiB of memory, and 5.0 GiB are free"),
        message);
    assertTrue(message.contains("--recompute"), message);
  }

  @Test
  void settingsComeThrough() {
    FineTuningBuilder settings = settings("a").augmentation(TrainingOptions.Kind.LIGHT).epochs(1);
    try (FineTuning tuning = settings.open()) {
      assertTrue(
          tuning.summary().stream()
              .anyMatch(line -> line.endsWith("augmentation light, with flips")),
          tuning.summary().toString());
    }
    assertThrows(IllegalArgumentException.class, () -> settings("b").rate(2));
    assertThrows(IllegalArgumentException.class, () -> settings("b").validationShare(1));
  }
}
