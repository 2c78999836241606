package dev.detr4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What the launcher asks of the JVM: the real script in a checkout of nothing, with a JDK whose
 * java prints its arguments, and writes a start cache when asked for one.
 */
class LauncherTest {
  private static final String USED = "-XX:AOTCache=";
  private static final String VECTOR = "jdk.incubator.vector";

  @TempDir Path folder;

  private Path root;
  private Path jdk;
  private Path cache;
  private Path jar;

  @BeforeEach
  void makeCheckout() throws IOException {
    assumeTrue(
        FileSystems.getDefault().supportedFileAttributeViews().contains("posix"),
        "the launcher is a shell script, and this system has no POSIX permissions to run it by");
    root = Files.createDirectory(folder.resolve("check out")).toRealPath();
    jdk = Files.createDirectory(folder.resolve("jdk")).toRealPath();
    cache = root.resolve("target/start.aot");
    Files.copy(Path.of("../../detr4j"), root.resolve("detr4j"));
    jar = write(root.resolve("java/detr4j-cli/target/lib/one.jar"), "jar");
    write(root.resolve("pom.xml"), "");
    write(root.resolve("target/launcher.stamp"), "native:\n");
    Instant past = Instant.now().minus(Duration.ofHours(1));
    List<Path> sources;
    try (Stream<Path> made = Files.walk(root)) {
      sources = made.toList();
    }
    for (Path source : sources) {
      Files.setLastModifiedTime(source, FileTime.from(past));
    }
    Files.setLastModifiedTime(
        root.resolve("target/launcher.stamp"), FileTime.from(past.plusSeconds(60)));
    write(jdk.resolve("release"), "JAVA_VERSION=\"25.0.3\"\n");
    script(
        jdk.resolve("bin/java"),
        """
        for argument in "$@"; do
          case $argument in -XX:AOTCacheOutput=*)
            [ ! -e "%1$s/broken" ] || exit 1
            echo cache >"${argument#*=}"
            echo made >>"%1$s/made"
            exit 0 ;;
          esac
        done
        printf '%%s\\n' "LC_ALL=${LC_ALL:-}" "$@"
        """
            .formatted(jdk));
    script(jdk.resolve("bin/javac"), "");
    // What the launcher looks for before it says that the C library can be built.
    for (String tool : List.of("cc", "cmake", "make")) {
      script(folder.resolve("tools/" + tool), "");
    }
  }

  @Test
  void theFirstStartMakesACacheAndTheNextUsesIt() throws Exception {
    String first = run(Map.of(), "detect", "a.png");
    assertFalse(first.contains(USED) || first.contains(VECTOR), first);
    assertTrue(first.endsWith("detect\na.png\n"), first);
    awaitMade(1);
    String second = run(Map.of(), "detect", "a.png");
    assertTrue(second.contains(USED + cache) && !second.contains(VECTOR), second);
  }

  @Test
  void aCacheIsForOneBuildAndOneJdk() throws Exception {
    run(Map.of(), "--version");
    awaitMade(1);
    assertTrue(run(Map.of(), "--version").contains(USED));
    Files.setLastModifiedTime(jar, FileTime.from(Instant.now().plusSeconds(5)));
    assertFalse(run(Map.of(), "--version").contains(USED), "a jar is newer");
    awaitMade(2);
    Files.setLastModifiedTime(
        jar, FileTime.from(Files.getLastModifiedTime(cache).toInstant().minusSeconds(60)));
    assertTrue(run(Map.of(), "--version").contains(USED));
    write(jdk.resolve("release"), "JAVA_VERSION=\"25.0.4\"\n");
    assertFalse(run(Map.of(), "--version").contains(USED), "the JDK is another");
    awaitMade(3);
    assertTrue(run(Map.of(), "--version").contains(USED));
  }

  @Test
  void whatMayNeedTheVectorApiHasItAndNoCache() throws Exception {
    run(Map.of(), "--version");
    awaitMade(1);
    for (List<String> arguments :
        List.of(
            List.of("info"),
            List.of("parity"),
            List.of("profile", "a.png"),
            List.of("detect", "--backend", "vector", "a.png"),
            List.of("detect", "--backend=auto", "a.png"),
            List.of("-Ddetr4j.backend=vector", "detect", "a.png"))) {
      String line = run(Map.of(), arguments.toArray(String[]::new));
      assertTrue(line.contains(VECTOR) && !line.contains(USED), line);
    }
    for (Map<String, String> environment :
        List.of(
            Map.of("DETR4J_BACKEND", "vector"),
            Map.of("DISABLE_CUSTOM_KERNELS", "1"),
            Map.of("DETR4J_JAVA_OPTIONS", "--add-modules=jdk.jfr"),
            Map.of("DETR4J_START", "vector"))) {
      String line = run(environment, "detect", "a.png");
      assertTrue(line.contains(VECTOR) && !line.contains(USED), line);
    }
    for (List<String> arguments :
        List.of(
            List.of("detect", "--backend", "c", "a.png"),
            List.of("detect", "--backend=c", "a.png"),
            List.of("-Xmx1g", "evaluate"))) {
      String line = run(Map.of(), arguments.toArray(String[]::new));
      assertTrue(line.contains(USED) && !line.contains(VECTOR), line);
    }
  }

  /** Java takes the encoding of file names from the locale alone. */
  @Test
  void fileNamesAreUtf8WhereThereIsNoLocale() throws Exception {
    for (String none : List.of("C", "POSIX")) {
      String line = run(Map.of("LC_ALL", none), "detect", "a.png");
      assertTrue(line.startsWith("LC_ALL=C.UTF-8\n"), line);
    }
    String line = run(Map.of("LC_ALL", "de_DE.UTF-8"), "detect", "a.png");
    assertTrue(line.contains("LC_ALL=de_DE.UTF-8\n"), line);
  }

  @Test
  void withoutTheLibraryThereIsNoCache() throws Exception {
    write(root.resolve("target/launcher.stamp"), "native:DETR4J_NATIVE=skip is set\n");
    String line = run(Map.of("DETR4J_NATIVE", "skip"), "detect", "a.png");
    assertTrue(line.contains(VECTOR) && !line.contains(USED), line);
  }

  @Test
  void aCacheThatCannotBeMadeIsNotTriedAgain() throws Exception {
    write(jdk.resolve("broken"), "");
    run(Map.of(), "detect", "a.png");
    Path failed = root.resolve("target/start.aot.failed");
    await(() -> Files.exists(failed));
    Files.delete(jdk.resolve("broken"));
    String line = run(Map.of(), "detect", "a.png");
    assertFalse(line.contains(USED), line);
    assertTrue(Files.exists(failed) && !Files.exists(cache));
    assertTrue(run(Map.of(), "info").contains("none, it could not be made"));
  }

  @Test
  void offIsOff() throws Exception {
    assertFalse(run(Map.of("DETR4J_AOT", "off"), "detect", "a.png").contains(USED));
    assertFalse(Files.exists(root.resolve("target/start.aot.key")));
    assertTrue(run(Map.of("DETR4J_AOT", "off"), "info").contains("off (DETR4J_AOT=off)"));
  }

  /** The lines of java's arguments. */
  private String run(Map<String, String> environment, String... arguments) throws Exception {
    ProcessBuilder builder = new ProcessBuilder(root.resolve("detr4j").toString());
    builder.command().addAll(List.of(arguments));
    builder
        .environment()
        .keySet()
        .removeIf(name -> name.startsWith("DETR4J_") || name.equals("CC"));
    builder.environment().put("JAVA_HOME", jdk.toString());
    builder.environment().put("PATH", folder.resolve("tools") + ":" + System.getenv("PATH"));
    builder.environment().putAll(environment);
    Process process = builder.redirectErrorStream(true).start();
    process.getOutputStream().close();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor(), output);
    return output;
  }

  /** The cache is made in the background; waits until it has been made so many times. */
  private void awaitMade(int times) throws Exception {
    Path made = jdk.resolve("made");
    await(() -> Files.exists(made) && Files.readAllLines(made).size() == times);
  }

  /** Nothing but a time limit ends the waiting for what runs beside. */
  private void await(Callable<Boolean> condition) throws Exception {
    Path lock = root.resolve("target/start.aot.lock");
    for (int i = 0; i < 3_000; i++) {
      if (condition.call() && !Files.exists(lock)) {
        return;
      }
      Thread.sleep(20);
    }
    throw new AssertionError("no cache was made");
  }

  private static Path write(Path file, String content) throws IOException {
    Files.createDirectories(file.getParent());
    return Files.writeString(file, content);
  }

  private static void script(Path file, String body) throws IOException {
    write(file, "#!/bin/sh\n" + body);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwx------"));
  }
}
