package dev.detr4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.detr4j.model.codes.CodesModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.junit.jupiter.api.parallel.Resources;

/** What {@code detect} does when nobody says with which model. */
@ResourceLock(Resources.SYSTEM_PROPERTIES)
class DefaultModelTest {
  private static final Path PICTURE =
      Path.of("../../weights/codes/src/test/resources/dev/detr4j/model/codes/qr-and-pdf417.png");
  private static final String HOME = "detr4j.models.home";

  @TempDir private Path home;

  @BeforeEach
  void keepModelsHere() {
    System.setProperty(HOME, home.toString());
  }

  @AfterEach
  void forget() {
    System.clearProperty(HOME);
  }

  @Test
  void codesAreFoundAndTheModelIsNamed() throws IOException {
    CliRun run = CliRun.of("detect", PICTURE, "-f", "csv", "-t", "0.3");
    assertEquals(0, run.exit(), run.err());
    assertTrue(run.err().contains("with " + CodesModel.NAME), run.err());
    assertTrue(run.out().contains(",qr_code,"), run.out());
    assertEquals(1, CliRun.names(home).size());
  }

  @Test
  void itHasANameLikeOthers() {
    CliRun named = CliRun.of("detect", PICTURE, "-f", "csv", "--model", CodesModel.NAME);
    assertEquals(0, named.exit(), named.err());
    assertEquals("", named.err());
    assertEquals(CliRun.of("detect", PICTURE, "-f", "csv").out(), named.out());
    CliRun info = CliRun.of("info", CodesModel.NAME);
    assertTrue(info.out().contains("two-stage"), info.out());
  }

  @Test
  void aHomeThatCannotBeWrittenIsOneLine() throws IOException {
    Path file = Files.writeString(home.resolve("file"), "");
    System.setProperty(HOME, file.resolve("below").toString());
    CliRun.of("detect", PICTURE).assertRefused(1, "cannot be written there");
  }
}
