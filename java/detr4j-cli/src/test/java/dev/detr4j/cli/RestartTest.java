package dev.detr4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.detr4j.error.BackendException;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A command that the launcher started without the Vector API, and that turns out to need it. */
class RestartTest {

  @TempDir Path home;

  private static BackendException missing() {
    return new BackendException(
        "no backend can be used: c: no library; vector: module jdk.incubator.vector is missing");
  }

  @BeforeEach
  void writeLauncher() throws IOException {
    assumeTrue(
        FileSystems.getDefault().supportedFileAttributeViews().contains("posix"),
        "the launcher is a shell script, and this system has no POSIX permissions to run it by");
    Path launcher = home.resolve("detr4j");
    Files.writeString(
        launcher,
        "#!/bin/sh\nprintf '%s\\n' \"$DETR4J_START\" \"$@\" >\"${0%/*}/started\"\nexit 7\n");
    Files.setPosixFilePermissions(launcher, PosixFilePermissions.fromString("rwx------"));
    System.setProperty("detr4j.home", home.toString());
    System.setProperty("detr4j.launcher.vector", "left out");
    System.setProperty("detr4j.launcher.options", "-Xmx1g\n-Dname=a b\n");
  }

  @AfterEach
  void clear() {
    System.clearProperty("detr4j.home");
    System.clearProperty("detr4j.launcher.vector");
    System.clearProperty("detr4j.launcher.options");
  }

  @Test
  void theCommandRunsAgainWithItsOptionsAndExitCode() throws IOException {
    assertTrue(Restart.helps(missing()));
    StringWriter err = new StringWriter();
    int exit = Restart.run(List.of("detect", "my photo.jpg"), new PrintWriter(err));
    assertEquals(7, exit);
    assertEquals(1, err.toString().lines().count(), err.toString());
    assertEquals(
        List.of("vector", "-Xmx1g", "-Dname=a b", "detect", "my photo.jpg"),
        Files.readAllLines(home.resolve("started")));
  }

  @Test
  void otherMistakesAndOtherStartsStayAsTheyAre() {
    assertFalse(Restart.helps(new BackendException("backend cuda cannot be used")));
    assertFalse(Restart.helps(new IllegalStateException("jdk.incubator.vector")));
    System.setProperty("detr4j.launcher.vector", "present");
    assertFalse(Restart.helps(missing()));
    System.clearProperty("detr4j.launcher.vector");
    assertFalse(Restart.helps(missing()));
    System.setProperty("detr4j.launcher.vector", "left out");
    System.setProperty("detr4j.home", home.resolve("elsewhere").toString());
    assertFalse(Restart.helps(missing()));
  }
}
