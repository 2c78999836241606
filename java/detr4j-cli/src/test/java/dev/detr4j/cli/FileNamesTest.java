package dev.detr4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Files whose names are not text, and what only looks like a file. Made by a shell: Java cannot
 * write such names.
 */
class FileNamesTest {
  @TempDir Path folder;

  private Path model;

  @BeforeEach
  void makeModelAndImage() throws Exception {
    assumeTrue(
        Set.of("UTF-8", "UTF8").contains(System.getProperty("sun.jnu.encoding")),
        "file names are not UTF-8 in this locale");
    model = CliRun.smallModel(folder.resolve("model"));
    CliRun.image(folder.resolve("a.png"), 60, 44);
    shell("mkdir \"$(printf 'd\\351')\" && cp a.png \"$(printf 'd\\351/caf\\351.png')\"");
  }

  private void shell(String command) throws Exception {
    Process shell =
        new ProcessBuilder("sh", "-c", command).directory(folder.toFile()).inheritIO().start();
    assertEquals(0, shell.waitFor());
  }

  private CliRun detect(Object... images) {
    Object[] arguments = new Object[images.length + 7];
    arguments[0] = "detect";
    System.arraycopy(images, 0, arguments, 1, images.length);
    System.arraycopy(
        new Object[] {"--model", model, "-t", "0.3", "-f", "jsonl"},
        0,
        arguments,
        images.length + 1,
        6);
    return CliRun.of(arguments);
  }

  @Test
  void theOneFileThatReadsTheSameIsMeant() throws Exception {
    String named = folder + "/d\ufffd/caf\ufffd.png";
    CliRun run = detect(named);
    assertEquals(0, run.exit(), run.err());
    assertEquals(
        detect(folder.resolve("a.png")).out(), run.out().replace(named, folder + "/a.png"));
    // As a folder lists it, and as an option.
    assertEquals(0, detect(folder + "/d\ufffd").exit());
    assertEquals(0, detect(folder + "/d\ufffd/*.png").exit());
    shell("cp -r model \"$(printf 'm\\351')\"");
    assertEquals(
        0,
        CliRun.of("detect", named, "--model", folder + "/m\ufffd", "-t", "0.3", "-f", "csv")
            .exit());
  }

  @Test
  void whereNoneOrSeveralDoThatIsSaid() throws Exception {
    detect(folder + "/x\ufffd.png").assertRefused(1, "x\ufffd.png: the name has bytes", "no file");
    shell("cp a.png \"$(printf 'd\\351/caf\\350.png')\"");
    detect(folder + "/d\ufffd/caf\ufffd.png").assertRefused(1, "2 files may be meant");
    CliRun.of("detect", folder.resolve("a.png"), "--model", folder + "/x\ufffd")
        .assertRefused(2, "--model", "the name has bytes", "no file");
  }

  @Test
  void whatOnlyLooksLikeAnImageIsNamed() throws Exception {
    Path photos = Files.createDirectory(folder.resolve("photos"));
    CliRun.image(photos.resolve("b.png"), 60, 44);
    Files.createSymbolicLink(photos.resolve("linked.png"), folder.resolve("a.png"));
    Files.createSymbolicLink(photos.resolve("gone.png"), Path.of("no/where.png"));
    Files.createSymbolicLink(photos.resolve("self.png"), Path.of("self.png"));
    Files.createSymbolicLink(photos.resolve("gone.txt"), Path.of("no/where.txt"));
    shell("mkfifo photos/pipe.png");
    for (Object[] images : new Object[][] {{photos}, {photos + "/*.png"}}) {
      CliRun run = detect(images);
      assertEquals(1, run.exit());
      assertEquals(2, run.out().lines().count(), run.out());
      assertEquals(3, run.err().lines().count(), run.err());
      assertTrue(
          run.err()
              .contains(photos.resolve("gone.png") + ": is a link to no/where.png, which is not"),
          run.err());
      assertTrue(run.err().contains("self.png: is a link to self.png"), run.err());
      assertTrue(run.err().contains("pipe.png: is no file"), run.err());
    }
  }

  /** ImageIO would try again as the JVM ends, with a stack trace. */
  @Test
  void aFullDiskIsOneLineToTheEndOfTheProcess() throws IOException, InterruptedException {
    assumeTrue(Files.exists(Path.of("/dev/full")), "this system has no disk that is always full");
    Path full = Files.createSymbolicLink(folder.resolve("full.png"), Path.of("/dev/full"));
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty(
                    "surefire.test.class.path", System.getProperty("java.class.path")),
                Main.class.getName(),
                "detect",
                folder.resolve("a.png").toString(),
                "--model",
                model.toString(),
                "--backend",
                "reference",
                "--draw",
                full.toString())
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    String err = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(1, process.waitFor(), err);
    Files.delete(full);
    assertEquals(1, err.lines().count(), err);
    assertTrue(err.contains("full.png: cannot be written: No space left on device"), err);
  }
}
