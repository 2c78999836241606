package dev.detr4j.model.codes;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.detr4j.error.Detr4jException;
import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Users without an entry in passwd, as containers have them, in JVMs of their own. */
final class NamelessUserTest {
  private static final int USER = 712345;

  @TempDir private Path folder;
  private Path temporary = Path.of("");

  @BeforeEach
  void openFolders() throws IOException, InterruptedException {
    assumeTrue(mayBecomeOthers(), "only root with setpriv can become other users");
    temporary = Files.createDirectory(folder.resolve("temporary"));
    Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
    Files.setPosixFilePermissions(temporary, PosixFilePermissions.fromString("rwxrwxrwx"));
  }

  /** Whether this user may become another, who can then read the classes. */
  private static boolean mayBecomeOthers() throws IOException, InterruptedException {
    List<String> command =
        new ArrayList<>(List.of("setpriv", "--reuid=" + USER, "--clear-groups", "ls"));
    command.addAll(List.of(classPath().split(File.pathSeparator, -1)));
    try {
      return new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start()
              .waitFor()
          == 0;
    } catch (IOException e) {
      return false;
    }
  }

  @Test
  void eachHasAFolderOfItsOwn() throws IOException, InterruptedException {
    for (int user : new int[] {USER, USER + 1}) {
      Path own = temporary.resolve("detr4j-uid-" + user);
      // HOME=/ is what some container engines give; /root is not theirs to write to.
      for (Map<String, String> environment :
          List.of(Map.<String, String>of(), Map.of("HOME", "/"), Map.of("HOME", "/root"))) {
        String said = folder(user, environment);
        assertTrue(said.startsWith("folder " + own + "/detr4j-model-codes-"), said);
      }
      assertEquals(user, Files.getAttribute(own, "unix:uid"));
      assertEquals("rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(own)));
    }
    // Nothing else: no folder named "?" in the working directory, which this folder is.
    try (Stream<Path> files = Files.list(temporary)) {
      assertEquals(2, files.count());
    }
  }

  @Test
  void theVariablesHold() throws IOException, InterruptedException {
    Path cache = temporary.resolve("cache");
    String said = folder(USER, Map.of("XDG_CACHE_HOME", cache.toString()));
    assertTrue(said.startsWith("folder " + cache + "/detr4j/detr4j-model-codes-"), said);
    Path home = temporary.resolve("home");
    said = folder(USER, Map.of("XDG_CACHE_HOME", cache.toString(), "DETR4J_HOME", home.toString()));
    assertTrue(said.startsWith("folder " + home + "/detr4j-model-codes-"), said);
  }

  @Test
  void whereNothingCanBeWrittenThePlacesAreNamed() throws IOException, InterruptedException {
    Files.setPosixFilePermissions(temporary, PosixFilePermissions.fromString("rwxr-xr-x"));
    String said = folder(USER, Map.of("HOME", "/"));
    assertTrue(said.startsWith("error /.cache/detr4j: the model of detr4j-model-codes "), said);
    assertTrue(said.contains("; " + temporary + "/detr4j-"), said);
    assertEquals(1, said.lines().count(), said);
  }

  private String folder(int user, Map<String, String> environment)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.addAll(List.of("setpriv", "--reuid=" + user, "--regid=" + user, "--clear-groups"));
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-Djava.io.tmpdir=" + temporary, "-XX:-UsePerfData", "-cp"));
    command.add(classPath());
    command.add(PrintFolder.class.getName());
    ProcessBuilder builder =
        new ProcessBuilder(command).directory(temporary.toFile()).redirectErrorStream(true);
    builder
        .environment()
        .keySet()
        .removeIf(
            name -> name.startsWith("DETR4J_") || name.startsWith("XDG_") || name.equals("HOME"));
    builder.environment().putAll(environment);
    Process process = builder.start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor(), said);
    return said;
  }

  private static String classPath() {
    List<String> entries = new ArrayList<>();
    for (Class<?> type : List.of(CodesModel.class, NamelessUserTest.class, Detr4jException.class)) {
      try {
        URI place = type.getProtectionDomain().getCodeSource().getLocation().toURI();
        entries.add(Path.of(place).toString());
      } catch (URISyntaxException e) {
        throw new AssertionError(type.getName(), e);
      }
    }
    return String.join(File.pathSeparator, entries);
  }

  /** The program of the JVMs. */
  static final class PrintFolder {
    private PrintFolder() {}

    /** Prints the folder of the model, or why there is none. */
    public static void main(String[] arguments) {
      try {
        System.out.println("folder " + CodesModel.folder());
      } catch (Detr4jException e) {
        System.out.println("error " + e.getMessage());
      }
    }
  }
}
