package dev.detr4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code detr4j models convert}: what it writes and what it leaves alone. */
class ConvertCommandTest {
  private static final List<String> FILES =
      List.of("config.json", "model.safetensors", "preprocessor_config.json");

  @TempDir Path folder;
  private Path model;
  private Path out;

  @BeforeEach
  void makeModel() throws IOException {
    model = CliRun.smallModel(folder.resolve("in/model"));
    out = folder.resolve("out/deep/converted");
  }

  private static CliRun convert(Object... arguments) {
    Object[] all = new Object[arguments.length + 2];
    all[0] = "models";
    all[1] = "convert";
    System.arraycopy(arguments, 0, all, 2, arguments.length);
    return CliRun.of(all);
  }

  @Test
  void findsTheSameAfterwards() throws IOException {
    CliRun run = convert(model, out);
    assertEquals(0, run.exit(), run.err());
    assertEquals(out + System.lineSeparator(), run.out());
    assertEquals("", run.err());
    assertEquals(FILES, CliRun.names(out));
    assertEquals(List.of("converted"), CliRun.names(out.getParent()));
    Path photo = CliRun.image(folder.resolve("photo.png"), 60, 40);
    CliRun before = CliRun.of("detect", photo, "-m", model, "-t", "0.1", "-f", "csv");
    CliRun after = CliRun.of("detect", photo, "-m", out, "-t", "0.1", "-f", "csv");
    assertEquals(0, after.exit(), after.err());
    assertTrue(before.out().lines().count() > 5);
    assertEquals(before.out(), after.out());
  }

  @Test
  void nothingIsOverwrittenUnasked() throws IOException {
    Files.createDirectories(out);
    Files.writeString(out.resolve("config.json"), "mine");
    Files.writeString(out.resolve("notes.txt"), "mine too");
    convert(model, out).assertRefused(1, "already has config.json", "--force");
    assertEquals("mine", Files.readString(out.resolve("config.json")));
    assertEquals(List.of("config.json", "notes.txt"), CliRun.names(out));
    assertEquals(0, convert(model, out, "--force").exit());
    assertEquals(
        List.of("config.json", "model.safetensors", "notes.txt", "preprocessor_config.json"),
        CliRun.names(out));
    assertEquals(-1, Files.mismatch(model.resolve("config.json"), out.resolve("config.json")));
    // A folder onto itself.
    assertEquals(0, convert(out, out, "--force").exit());
    assertEquals(
        -1, Files.mismatch(model.resolve("model.safetensors"), out.resolve("model.safetensors")));
    convert(model, photoFile()).assertRefused(1, "is a file, expected a folder");
  }

  private Path photoFile() throws IOException {
    return CliRun.image(folder.resolve("file.png"), 4, 4);
  }

  @Test
  void whatCannotBeConvertedLeavesNothing() throws IOException {
    convert(folder.resolve("none"), out).assertRefused(1, "none", "no such file");
    convert(model, out, "--variant", "r50-dc5").assertRefused(1, "config.json");
    convert(model, out, "--labels", photoFile()).assertRefused(1, "config.json");
    convert(model).assertRefused(2, "OUT");
    try (RandomAccessFile file =
        new RandomAccessFile(model.resolve("model.safetensors").toFile(), "rw")) {
      file.setLength(file.length() / 2);
    }
    convert(model, out).assertRefused(1, "model.safetensors");
    Files.delete(model.resolve("model.safetensors"));
    convert(model, out).assertRefused(1, "no weights");
    assertEquals(List.of(), CliRun.names(folder.resolve("out")));
  }
}
