package dev.detr4j.bench.family;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class FamiliesTest {
  private static final String NANO = "ustc-community/dfine-nano-coco";
  private static final String TABLES = "microsoft/table-transformer-detection";

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @TempDir private Path folder;

  @BeforeAll
  static void withoutScreen() {
    System.setProperty("java.awt.headless", "true");
  }

  @Test
  void timesOfMostThreadsAndPublishedApStandSideBySide() throws IOException {
    Path slow = table("slow", "a machine", 0.4);
    Path fast = table("fast", "a machine", 0.1);
    Path picture = folder.resolve("chart.png");
    assertEquals(
        0,
        run(slow + "=" + TABLES, fast + "=" + NANO, "--picture", picture.toString()),
        err::toString);
    assertEquals(
        """
        | architecture of | input | AP | ONNX Runtime | `c` | `vector` | run |
        |---|---|---:|---:|---:|---:|---|
        | %s | 64x96 | 42.8 | 0.200 | 0.100 (2.01) | 0.150 (1.34) | [03:04](%s) |
        | %s | 64x96 |  | 0.800 | 0.400 (2.01) | 0.600 (1.34) | [03:04](%s) |
        """
            .formatted(NANO, fast, TABLES, slow),
        out.toString());
    BufferedImage drawn = ImageIO.read(picture.toFile());
    assertTrue(pixels(drawn, 0x0072b2) > 200, "points of detr4j");
    assertTrue(pixels(drawn, 0xb4bcc6) > 200, "lines to the peer");
  }

  @Test
  void timesOfTwoMachinesAreNotCompared() throws IOException {
    Path here = table("here", "a machine", 0.1);
    Path there = table("there", "another machine", 0.1);
    Path picture = folder.resolve("chart.png");
    assertEquals(1, run(here + "=" + NANO, there + "=" + NANO, "--picture", picture.toString()));
    assertTrue(err.toString().contains("another machine"), err::toString);
    assertFalse(Files.exists(picture));
  }

  @Test
  void namesAndTablesMustExist() throws IOException {
    Path here = table("here", "a machine", 0.1);
    assertEquals(1, run(here + "=nobody/nothing"));
    assertTrue(err.toString().contains("lists no checkpoint nobody/nothing"), err::toString);
    Path other = Files.writeString(folder.resolve("other.md"), "# something\n");
    assertEquals(1, run(other + "=" + NANO));
    assertTrue(err.toString().contains("a table of `detr4j bench compare`"), err::toString);
    assertEquals(1, run(folder.resolve("none.md") + "=" + NANO));
    assertTrue(err.toString().contains("none.md: there is no such file"), err::toString);
    assertEquals(1, run(here + "=" + NANO, "--picture", folder.resolve("no/chart.png").toString()));
    assertTrue(err.toString().contains("no does not exist"), err::toString);
    assertEquals(2, run(here.toString()));
  }

  private Path table(String model, String machine, double seconds) throws IOException {
    return Files.writeString(
        folder.resolve(model + ".md"),
        String.format(
            Locale.ROOT,
            """
            # %s, 1x3x64x96

            - machine: %s
            - taken: 2026-01-02 03:04 UTC

            ## 1 thread

            | | median s | min s | ONNX Runtime / this |
            |---|---|---|---|
            | detr4j c (sse9) | 9.000 | 9.000 | 9.00 |

            ## 2 threads

            | | median s | min s | ONNX Runtime / this |
            |---|---|---|---|
            | ONNX Runtime 9.9 | %.3f | 0.001 | 1.00 |
            | detr4j c (sse9) | %.3f | 0.001 | 2.01 |
            | detr4j vector (Vector API, 8 bits) | %.3f | 0.001 | 1.34 |
            """,
            model,
            machine,
            2 * seconds,
            seconds,
            1.5 * seconds));
  }

  private int run(String... arguments) {
    System.setProperty("detr4j.home", Path.of("..").toAbsolutePath().normalize().toString());
    try {
      return new CommandLine(new FamiliesCommand())
          .setOut(new PrintWriter(out))
          .setErr(new PrintWriter(err))
          .setExecutionExceptionHandler((e, line, result) -> {
            line.getErr().println(e.getMessage());
            return 1;
          })
          .execute(arguments);
    } finally {
      System.clearProperty("detr4j.home");
    }
  }

  private static int pixels(BufferedImage picture, int colour) {
    int count = 0;
    for (int y = 0; y < picture.getHeight(); y++) {
      for (int x = 0; x < picture.getWidth(); x++) {
        count += (picture.getRGB(x, y) & 0xffffff) == colour ? 1 : 0;
      }
    }
    return count;
  }
}
