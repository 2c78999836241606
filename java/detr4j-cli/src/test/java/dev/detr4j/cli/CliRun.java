package dev.detr4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.detr4j.checkpoint.StoredType;
import dev.detr4j.parity.FormulaCheckpoint;
import dev.detr4j.parity.FormulaCheckpointWriter;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import picocli.CommandLine;

/** One command in this JVM, with what it wrote. */
record CliRun(int exit, String out, String err) {
  /** Surefire's working folder is the module's. */
  private static final Path MODELS = Path.of("../../weights/golden/models");

  static final Path SMALL_MODEL = MODELS.resolve("hf_deformable_small_native_resnet");

  static CliRun of(Object... arguments) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    CommandLine commandLine = Main.commandLine();
    commandLine.setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
    int exit =
        commandLine.execute(Arrays.stream(arguments).map(Object::toString).toArray(String[]::new));
    return new CliRun(exit, out.toString(), err.toString());
  }

  /** The exit code, and exactly one line of explanation with these words in it. */
  void assertRefused(int expectedExit, String... words) {
    assertEquals(expectedExit, exit, err);
    List<String> lines = err.lines().toList();
    assertEquals(1, lines.size(), err);
    for (String word : words) {
      if (!lines.getFirst().contains(word)) {
        throw new AssertionError("no \"" + word + "\" in: " + err);
      }
    }
    assertEquals("", out);
  }

  /** A small model folder with weights by formula. */
  static Path smallModel(Path folder) throws IOException {
    return model(SMALL_MODEL, folder);
  }

  /** DETR R50 with weights by formula: its post-processing is a softmax over each query. */
  static Path softmaxModel(Path folder) throws IOException {
    return model(MODELS.resolve("hf_detr_r50"), folder);
  }

  private static Path model(Path golden, Path folder) throws IOException {
    Files.createDirectories(folder);
    for (String name : List.of("config.json", "preprocessor_config.json")) {
      Files.copy(golden.resolve(name), folder.resolve(name));
    }
    FormulaCheckpointWriter.write(
        FormulaCheckpoint.read(golden.resolve("manifest.json")),
        folder.resolve("model.safetensors"),
        StoredType.F32);
    // Short sides of 800 would make every run slow for nothing.
    Path preprocessor = folder.resolve("preprocessor_config.json");
    Files.writeString(
        preprocessor,
        Files.readString(preprocessor)
            .replaceAll("\"shortest_edge\": *\\d+", "\"shortest_edge\": 96")
            .replaceAll("\"longest_edge\": *\\d+", "\"longest_edge\": 160"));
    return folder;
  }

  /** An image with a gradient. */
  static Path image(Path file, int width, int height) throws IOException {
    BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        image.setRGB(x, y, (x * 255 / width) << 16 | (y * 255 / height) << 8 | 90);
      }
    }
    String name = file.getFileName().toString();
    ImageIO.write(image, name.substring(name.lastIndexOf('.') + 1), file.toFile());
    return file;
  }

  /** The names in a folder, sorted; nothing when it does not exist. */
  static List<String> names(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }
}
