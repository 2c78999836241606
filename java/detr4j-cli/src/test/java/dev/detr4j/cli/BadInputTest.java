package dev.detr4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every mistake is one line and an exit code, and leaves nothing half-written. */
class BadInputTest {
  @TempDir static Path shared;
  @TempDir Path folder;

  private static Path model;
  private static Path photo;
  private Path results;

  @BeforeAll
  static void makeModel() throws IOException {
    model = CliRun.smallModel(shared.resolve("model"));
    photo = CliRun.image(shared.resolve("photo.png"), 60, 40);
  }

  @BeforeEach
  void makeResults() throws IOException {
    results = Files.createDirectories(folder.resolve("results"));
  }

  @AfterEach
  void nothingIsHalfWritten() throws IOException {
    assertEquals(List.of(), CliRun.names(results));
  }

  /** With results to a file and a drawing, so that half of one would be seen. */
  private CliRun detect(Path image, Path of, Object... more) {
    Object[] arguments = {
      "detect",
      image,
      "--model",
      of,
      "-o",
      results.resolve("r.json"),
      "-f",
      "json",
      "--draw",
      results.resolve("r.png")
    };
    Object[] all = Arrays.copyOf(arguments, arguments.length + more.length);
    System.arraycopy(more, 0, all, arguments.length, more.length);
    return CliRun.of(all);
  }

  private Path copyOfModel() throws IOException {
    Path copy = Files.createDirectories(folder.resolve("model"));
    for (String name : CliRun.names(model)) {
      Files.copy(model.resolve(name), copy.resolve(name));
    }
    return copy;
  }

  @Test
  void emptyFile() throws IOException {
    Path empty = Files.createFile(folder.resolve("empty.jpg"));
    detect(empty, model).assertRefused(1, "empty.jpg", "is empty");
  }

  @Test
  void truncatedJpeg() throws IOException {
    byte[] whole = Files.readAllBytes(CliRun.image(folder.resolve("whole.jpg"), 200, 150));
    Path half = folder.resolve("half.jpg");
    Files.write(half, Arrays.copyOf(whole, whole.length / 2));
    detect(half, model).assertRefused(1, "half.jpg", "truncated");
  }

  @Test
  void missingFileAndTextFile() throws IOException {
    detect(folder.resolve("missing.png"), model).assertRefused(1, "missing.png", "no such file");
    Path text = Files.writeString(folder.resolve("text.png"), "hello");
    detect(text, model).assertRefused(1, "text.png", "not a known image format");
  }

  @Test
  void folderWithoutImages() throws IOException {
    Path none = Files.createDirectories(folder.resolve("none"));
    Files.writeString(none.resolve("notes.txt"), "x");
    CliRun.of("detect", none, "--model", model).assertRefused(1, "none", "no image");
  }

  @Test
  void onePixelWorks() throws IOException {
    Path pixel = CliRun.image(folder.resolve("pixel.png"), 1, 1);
    CliRun run = CliRun.of("detect", pixel, "--model", model);
    assertEquals(0, run.exit(), run.err());
    assertTrue(run.out().contains("1x1"), run.out());
  }

  @Test
  void twentyThousandPixelsWide() throws IOException {
    Path wide = CliRun.image(folder.resolve("wide.png"), 20000, 30);
    CliRun run = CliRun.of("detect", wide, "--model", model);
    if (run.exit() != 0) {
      run.assertRefused(1, "wide.png", "20000x30");
    }
    Path thin = CliRun.image(folder.resolve("thin.png"), 20000, 1);
    CliRun hopeless = CliRun.of("detect", thin, "--model", model);
    hopeless.assertRefused(1, "thin.png", "20000x1", "too elongated");
    CliRun.of("detect", wide, "--model", model, "--max-pixels", "1000")
        .assertRefused(1, "wide.png", "larger than the limit of 1000");
  }

  @Test
  void nanWeights() throws IOException {
    Path copy = copyOfModel();
    Path file = copy.resolve("model.safetensors");
    try (RandomAccessFile weights = new RandomAccessFile(file.toFile(), "rw")) {
      weights.seek(weights.length() - 400);
      byte[] nan =
          ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putFloat(Float.NaN).array();
      weights.write(nan);
    }
    detect(photo, copy).assertRefused(1, "model.safetensors: tensor ", "NaN at element");
  }

  @Test
  void configOfAnotherModel() throws IOException {
    Path copy = copyOfModel();
    replace(copy.resolve("config.json"), "\"deformable_detr\"", "\"yolos\"");
    detect(photo, copy).assertRefused(1, "config.json", "yolos");
  }

  @Test
  void configOfAnotherSize() throws IOException {
    Path copy = copyOfModel();
    Path config = copy.resolve("config.json");
    Files.writeString(
        config,
        Files.readString(config).replaceAll("\"decoder_layers\": *\\d+", "\"decoder_layers\": 1"));
    detect(photo, copy).assertRefused(1, "model.safetensors");
  }

  @Test
  void missingShardAndMissingWeights() throws IOException {
    Path copy = copyOfModel();
    Files.delete(copy.resolve("model.safetensors"));
    detect(photo, copy).assertRefused(1, "there are no weights", "model.safetensors");
    Files.writeString(
        copy.resolve("model.safetensors.index.json"),
        "{\"weight_map\": {\"a\": \"model-00001-of-00001.safetensors\"}}");
    detect(photo, copy).assertRefused(1, "model-00001-of-00001.safetensors is missing");
    detect(photo, folder.resolve("nowhere")).assertRefused(1, "nowhere", "no such file");
  }

  /** Once it was said to have a config.json. */
  @Test
  void aFolderThatIsNoModelWhoeverItIsSaidToBeOf() throws IOException {
    Path empty = Files.createDirectory(folder.resolve("empty"));
    detect(photo, empty, "--source", "detrex").assertRefused(1, "empty: there is no config.json");
  }

  @Test
  void truncatedWeights() throws IOException {
    Path copy = copyOfModel();
    try (RandomAccessFile weights =
        new RandomAccessFile(copy.resolve("model.safetensors").toFile(), "rw")) {
      weights.setLength(weights.length() / 2);
    }
    detect(photo, copy).assertRefused(1, "model.safetensors");
  }

  @Test
  void wrongNamesOfBackendAndInstructionSet() {
    detect(photo, model, "--backend", "tpu")
        .assertRefused(2, "backend tpu does not exist", "vector");
    detect(photo, model, "--backend", "cuda").assertRefused(1, "backend cuda", "cannot be used");
    detect(photo, model, "--backend", "c", "--isa", "sse9").assertRefused(1, "backend c");
    detect(photo, model, "--isa", "sse9")
        .assertRefused(1, "sse9 was requested", "does not exist", "baseline");
    CliRun.of("info", "--backend", "tpu").assertRefused(2, "backend tpu does not exist");
  }

  @Test
  void unwritableOutput() throws IOException {
    Path file = Files.createFile(folder.resolve("file"));
    for (Path output : List.of(file.resolve("r.json"), folder.resolve("none/r.json"), folder)) {
      CliRun.of("detect", photo, "--model", model, "-o", output)
          .assertRefused(1, output.toString());
    }
    CliRun.of("detect", photo, "--model", model, "--draw", folder.resolve("none/r.png"))
        .assertRefused(1, "r.png", "cannot be written");
    CliRun.of("detect", photo, "--model", model, "--draw", folder.resolve("r.gif"))
        .assertRefused(1, "r.gif", ".png or .jpg");
    CliRun.of("detect", photo, photo, "--model", model, "--draw", file)
        .assertRefused(1, "is a file", "folder");
  }

  @Test
  void commandLinesThatCannotBeUnderstood() {
    CliRun.of("detect").assertRefused(2, "IMAGE", "detr4j detect --help");
    CliRun.of("detect", photo, "--threshold", "2").assertRefused(2, "--threshold");
    CliRun.of("detect", photo, "--threshold", "high").assertRefused(2, "--threshold", "high");
    CliRun.of("detect", photo, "--format", "xml").assertRefused(2, "--format", "xml");
    CliRun.of("detect", photo, "--threads", "0").assertRefused(2, "--threads");
    CliRun.of("detect", photo, "--max-pixels", "0").assertRefused(2, "--max-pixels");
    CliRun.of("detect", "-", "-").assertRefused(2, "twice");
    CliRun.of("detect", photo, "--wat").assertRefused(2, "--wat");
    CliRun.of("parity", "--backend", "auto", folder).assertRefused(1, "golden set");
  }

  @Test
  void controlCharactersOfNamesDoNotReachTheTerminal() {
    CliRun run = CliRun.of("detect", folder.resolve("a\033[31m.png"), "--model", model);
    assertEquals(1, run.exit());
    assertTrue(run.err().contains("a?[31m.png"), run.err());
    assertEquals(-1, run.err().indexOf('\033'));
  }

  private static void replace(Path file, String what, String by) throws IOException {
    String text = Files.readString(file, StandardCharsets.UTF_8);
    assertTrue(text.contains(what), what);
    Files.writeString(file, text.replace(what, by));
  }
}
