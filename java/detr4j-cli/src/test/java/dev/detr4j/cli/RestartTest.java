package dev.detr4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.detr4j.backend.BackendKind;
import dev.detr4j.backend.NoBackendException;
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

  private static NoBackendException missing() {
    return new NoBackendException(
        "no backend can be used", List.of(BackendKind.CUDA, BackendKind.C, BackendKind.VECTOR));
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

  private List<String> started() throws IOException {
    Path file = home.resolve("started");
    return Files.exists(file) ? Files.readAllLines(file) : List.of();
  }

  @Test
  void theCommandRunsAgainWithItsOptionsAndExitCode() throws IOException {
    assertTrue(Restart.helps(missing()));
    StringWriter err = new StringWriter();
    int exit = Restart.run(List.of("detect", "my photo.jpg"), new PrintWriter(err));
    assertEquals(7, exit);
    assertEquals("", err.toString());
    assertEquals(List.of("vector", "-Xmx1g", "-Dname=a b", "detect", "my photo.jpg"), started());
  }

  @Test
  void whatNeedsTheVectorApiStartsAgainBeforeItBegins() throws IOException {
    for (List<String> command :
        List.of(
            List.of("info"),
            List.of("profile", "a.png"),
            List.of("parity"),
            List.of("parity", "--backend", "c", "--backend", "vector"),
            List.of("detect", "no such.png", "--backend=vector"),
            List.of("accept", "model", "--backend", "vector"),
            List.of("evaluate", "-a", "a.json", "-i", "photos", "--backend", "vector"))) {
      CliRun run = CliRun.of(command.toArray());
      assertEquals(new CliRun(7, "", ""), run, command::toString);
      assertEquals(command, started().subList(3, started().size()));
      Files.delete(home.resolve("started"));
    }
    System.setProperty("detr4j.backend", "vector");
    try {
      assertEquals(7, CliRun.of("detect", "no such.png").exit());
      Files.delete(home.resolve("started"));
      assertEquals(1, CliRun.of("detect", "no such.png", "--backend", "c").exit());
    } finally {
      System.clearProperty("detr4j.backend");
    }
    assertEquals(List.of(), started());
  }

  @Test
  void whatNeedsNoVectorApiDoesNot() throws IOException {
    for (List<String> command :
        List.of(
            List.of("info", "--help"),
            List.of("help", "profile"),
            List.of("info", "no such model"),
            List.of("parity", "--backend", "c", "no such folder"),
            List.of("detect", "no such.png"),
            List.of("detect", "no such.png", "--backend", "vectors"),
            List.of("evaluate", "-a", "a.json", "--detections", "b.json"))) {
      assertTrue(CliRun.of(command.toArray()).exit() != 7, command::toString);
    }
    assertEquals(List.of(), started());
  }

  /** A shell's {@code <(…)} is an open file that only this process has. */
  @Test
  void openFilesAreReachedThroughThisProcess() throws IOException {
    Restart.run(
        List.of("-a", "/dev/fd/63", "--output=/dev/fd/9", "/dev/fd/1", "dev/fd/7"),
        new PrintWriter(new StringWriter()));
    String mine = "/proc/" + ProcessHandle.current().pid() + "/fd/";
    assertEquals(
        List.of("-a", mine + 63, "--output=" + mine + 9, "/dev/fd/1", "dev/fd/7"),
        started().subList(3, started().size()));
  }

  @Test
  void theLauncherSaysHowTheCacheIs() throws IOException {
    Files.writeString(
        home.resolve("detr4j"), "#!/bin/sh\nprintf '%s: %s\\n' \"$DETR4J_START\" \"$*\"\n");
    assertEquals("cache: -Xmx1g -Dname=a b", Launcher.cacheState());
    System.clearProperty("detr4j.home");
    assertNull(Launcher.cacheState());
  }

  @Test
  void otherMistakesAndOtherStartsStayAsTheyAre() {
    assertFalse(
        Restart.helps(new NoBackendException("cuda cannot be used", List.of(BackendKind.CUDA))));
    assertFalse(Restart.helps(new BackendException("a step failed: jdk.incubator.vector")));
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
