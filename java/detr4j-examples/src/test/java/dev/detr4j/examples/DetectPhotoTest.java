package dev.detr4j.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.detr4j.checkpoint.StoredType;
import dev.detr4j.parity.FormulaCheckpoint;
import dev.detr4j.parity.FormulaCheckpointWriter;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The example on a plain class path, in a process of its own, started as README says. */
class DetectPhotoTest {
  private static final Path MANIFEST =
      Path.of(
          "../detr4j-parity/src/test/resources/dev/detr4j/parity/golden/models",
          "hf_deformable_small_native_resnet/manifest.json");

  @Test
  void printsWhatItSees(@TempDir Path folder) throws Exception {
    Run run = run("--enable-native-access=ALL-UNNAMED", writeModel(folder), writePhoto(folder));
    assertEquals(0, run.status(), run.errors());
    assertTrue(
        run.errors()
            .lines()
            .anyMatch(line -> line.matches("(c|vector): .+ on \\d+ threads? of .+")),
        run.errors());
    assertTrue(
        run.output()
            .matches(
                "([^\\n]+ 0\\.\\d{3} at \\(-?\\d+\\.\\d, -?\\d+\\.\\d\\) to \\(-?\\d+\\.\\d, -?\\d+\\.\\d\\)\\R)+"),
        run.output());
  }

  @Test
  void aMistakeIsOneLine(@TempDir Path folder) throws Exception {
    Run run = run("--enable-native-access=ALL-UNNAMED", folder, folder.resolve("photo.png"));
    assertEquals(1, run.status());
    assertEquals(
        "model " + folder + ": there is no config.json, expected a Hugging Face model folder",
        run.message());
  }

  /** What later JDKs do unless told otherwise. */
  @Test
  void withoutNativeAccessEachBackendSaysWhichOptionIsMissing(@TempDir Path folder)
      throws Exception {
    Run run = run("--illegal-native-access=deny", writeModel(folder), writePhoto(folder));
    assertEquals(1, run.status());
    String denied =
        "this JVM denies native access; start Java with --enable-native-access=ALL-UNNAMED";
    assertTrue(
        run.message().contains("; vector: " + denied), "one line expected: " + run.message());
    assertTrue(
        run.message().matches("no backend can be used: cuda: .*; c: .*" + denied + "; .*"),
        run.message());
  }

  private record Run(int status, String output, String errors) {
    /** Standard error without the JVM's own notice. */
    String message() {
      return errors
          .lines()
          .filter(line -> !line.equals("WARNING: Using incubator modules: jdk.incubator.vector"))
          .collect(Collectors.joining("\n"));
    }
  }

  private static Run run(String nativeAccess, Path model, Path photo)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(ProcessHandle.current().info().command().orElse("java"));
    command.add("--add-modules=jdk.incubator.vector");
    command.add(nativeAccess);
    command.add("-cp");
    command.add(
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")));
    command.addAll(List.of(DetectPhoto.class.getName(), model.toString(), photo.toString()));
    Path output = Files.createTempFile("detect-photo", ".out");
    Path errors = Files.createTempFile("detect-photo", ".err");
    try {
      Process process =
          new ProcessBuilder(command)
              .redirectOutput(output.toFile())
              .redirectError(errors.toFile())
              .start();
      int status = process.waitFor();
      return new Run(
          status,
          Files.readString(output, StandardCharsets.UTF_8),
          Files.readString(errors, StandardCharsets.UTF_8));
    } finally {
      Files.delete(output);
      Files.delete(errors);
    }
  }

  static Path writeModel(Path parent) throws IOException {
    Path folder = Files.createDirectory(parent.resolve("model"));
    FormulaCheckpointWriter.write(
        FormulaCheckpoint.read(MANIFEST), folder.resolve("model.safetensors"), StoredType.F32);
    Files.copy(MANIFEST.resolveSibling("config.json"), folder.resolve("config.json"));
    Files.writeString(
        folder.resolve("preprocessor_config.json"),
        "{\"size\": {\"shortest_edge\": 64, \"longest_edge\": 160}}");
    return folder;
  }

  static Path writePhoto(Path parent) throws IOException {
    BufferedImage image = new BufferedImage(120, 80, BufferedImage.TYPE_INT_RGB);
    Random random = new Random(1);
    for (int y = 0; y < 80; y++) {
      for (int x = 0; x < 120; x++) {
        image.setRGB(x, y, random.nextInt(1 << 24));
      }
    }
    Path photo = parent.resolve("photo.png");
    ImageIO.write(image, "png", photo.toFile());
    return photo;
  }
}
