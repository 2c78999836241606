package dev.detr4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

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
        [ ! -e "%1$s/talks" ] || cat "%1$s/talks" >&2
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

  /** What a command needs is Java's business; only the environment counts here. */
  @Test
  void theVectorApiIsThereFromTheStartWhereTheEnvironmentAsksForIt() throws Exception {
    run(Map.of(), "--version");
    awaitMade(1);
    for (Map<String, String> environment :
        List.of(
            Map.of("DETR4J_BACKEND", "vector"),
            Map.of("DISABLE_CUSTOM_KERNELS", "1"),
            Map.of("DETR4J_START", "vector"))) {
      String line = run(environment, "detect", "a.png");
      assertTrue(line.contains(VECTOR) && !line.contains(USED), line);
    }
    for (List<String> arguments :
        List.of(
            List.of("info"),
            List.of("detect", "--backend", "vector", "a.png"),
            List.of("-Xmx1g", "evaluate"))) {
      String line = run(Map.of(), arguments.toArray(String[]::new));
      assertTrue(line.contains(USED) && !line.contains(VECTOR), line);
    }
  }

  /** What the JVM says of its options comes once, and its notice of the Vector API never. */
  @Test
  void aCommandThatIsStartedAgainSaysNothingTwice() throws Exception {
    List<String> ofTheJvm =
        List.of(
            "NOTE: Picked up JDK_JAVA_OPTIONS: -Da=b",
            "Picked up JAVA_TOOL_OPTIONS: -Dc=d",
            "OpenJDK 64-Bit Server VM warning: Options -Xverify:none and -noverify were deprecated");
    String notice = "WARNING: Using incubator modules: jdk.incubator.vector";
    String own = "detr4j: a.png: there is no such file";
    List<String> all = new ArrayList<>(ofTheJvm);
    all.addAll(List.of(notice, own, ofTheJvm.getFirst()));
    write(jdk.resolve("talks"), String.join("\n", all) + "\n");
    List<String> first = everyWord(Map.of(), "detect", "a.png").lines().toList();
    assertTrue(first.containsAll(ofTheJvm) && first.contains(own), first::toString);
    assertFalse(first.contains(notice), first::toString);
    List<String> again =
        everyWord(Map.of("DETR4J_START", "vector"), "detect", "a.png").lines().toList();
    // What comes after the notice is the program's, whatever it looks like.
    assertEquals(
        List.of(own, ofTheJvm.getFirst()),
        again.stream().filter(all::contains).toList(),
        again::toString);
  }

  /** The JVM refuses two collectors, and two archives of classes. */
  @Test
  void theUsersOptionsWin() throws Exception {
    run(Map.of(), "--version");
    awaitMade(1);
    Path file = write(folder.resolve("options"), "-Xmx1g\n-XX:+UseZGC\n");
    for (Map<String, String> environment :
        List.of(
            Map.of("DETR4J_JAVA_OPTIONS", "-Xmx1g -XX:+UseZGC"),
            Map.of("JDK_JAVA_OPTIONS", "'-XX:+UseParallelGC'"),
            Map.of("JDK_JAVA_OPTIONS", "@" + file),
            Map.of("JAVA_TOOL_OPTIONS", "-XX:+UseG1GC"))) {
      String line = run(environment, "detect", "a.png");
      assertFalse(line.contains("UseSerialGC"), line);
    }
    assertFalse(run(Map.of(), "-XX:+UseZGC", "detect").contains("UseSerialGC"));
    for (String option : List.of("-Xmx1g", "-XX:+DisableExplicitGC", "-Dname=UseZGC")) {
      String line = run(Map.of("DETR4J_JAVA_OPTIONS", option), "detect", "a.png");
      assertTrue(line.contains("UseSerialGC") && line.contains(USED), line);
    }
    for (String option : List.of("-XX:AOTMode=off", "-XX:SharedArchiveFile=a.jsa", "-Xshare:off")) {
      String line = run(Map.of("JDK_JAVA_OPTIONS", option), "detect", "a.png");
      assertFalse(line.contains(USED), line);
    }
    String line = run(Map.of("JDK_JAVA_OPTIONS", "-Dstdout.encoding=UTF-16"), "detect", "a.png");
    assertFalse(line.contains("-Dstdout.encoding"), line);
    assertTrue(line.contains("-Dstderr.encoding=UTF-8"), line);
  }

  /** Java takes the encoding of file names from the locale alone. */
  @Test
  void fileNamesAreUtf8WhereTheLocaleComesToNone() throws Exception {
    for (Map<String, String> none :
        List.of(
            Map.of("LC_ALL", "C"),
            Map.of("LC_ALL", "POSIX"),
            Map.of("LC_ALL", "", "LC_CTYPE", "", "LANG", ""),
            Map.of("LC_ALL", "", "LC_CTYPE", "", "LANG", "xx_XX.UTF-8"),
            Map.of("LC_ALL", "xx_XX.UTF-8", "LANG", "C.UTF-8"))) {
      String line = run(none, "detect", "a.png");
      assertTrue(line.lines().anyMatch("LC_ALL=C.UTF-8"::equals), none + " " + line);
    }
    String line = run(Map.of("LC_ALL", "C.utf8"), "detect", "a.png");
    assertTrue(line.contains("LC_ALL=C.utf8\n"), line);
  }

  private void maven(String body) throws IOException {
    script(folder.resolve("tools/mvn"), body);
  }

  /** What a lock can be that nobody holds; {@code %s} is a process that runs and is another. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "mkdir lock",
        "touch lock",
        "mkdir lock; echo 999999999 >lock/pid",
        "mkdir lock; echo %s >lock/pid",
        "ln -s '999999999 1' lock",
        "ln -s '%s 1' lock",
        "ln -s nonsense lock",
        "ln -s '999999999 1' lock; mkdir lock.guard; touch -t 202601010000 lock.guard",
      })
  void aLockThatNobodyHoldsIsTakenOver(String made) throws Exception {
    maven("echo BUILD SUCCESS\n");
    Process other = new ProcessBuilder("sleep", "60").start();
    try {
      for (String name : List.of("launcher.lock", "start.aot.lock")) {
        Process shell =
            new ProcessBuilder(
                    "sh", "-c", made.formatted(other.pid()).replace("lock", "target/" + name))
                .directory(root.toFile())
                .start();
        assertEquals(0, shell.waitFor());
      }
      Path left = write(root.resolve("target/start.aot.4711"), "what a killed maker has left");
      String output = run(Map.of(), "build");
      assertTrue(output.contains("start cache: in use"), output);
      assertFalse(Files.exists(left));
      try (Stream<Path> files = Files.list(root.resolve("target"))) {
        assertEquals(List.of(), files.filter(file -> file.toString().contains("lock")).toList());
      }
    } finally {
      other.destroy();
    }
  }

  @Test
  void twoBuildsAtOnceRunOneAfterTheOther() throws Exception {
    Path log = folder.resolve("log");
    maven("echo begin >>'%1$s'; sleep 0.5; echo end >>'%1$s'; echo BUILD SUCCESS\n".formatted(log));
    Files.createSymbolicLink(root.resolve("target/launcher.lock"), Path.of("999999999 1"));
    // As if a source had changed after the build: each has something to do.
    try (ExecutorService runs = Executors.newFixedThreadPool(4)) {
      List<Future<String>> all = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        all.add(runs.submit(() -> run(Map.of("DETR4J_AOT", "off"), "build", "-Dnumber=1")));
      }
      for (Future<String> each : all) {
        each.get();
      }
    }
    List<String> lines = Files.readAllLines(log);
    for (int i = 0; i < lines.size(); i++) {
      assertEquals(i % 2 == 0 ? "begin" : "end", lines.get(i), lines::toString);
    }
    assertFalse(Files.exists(root.resolve("target/launcher.lock"), LinkOption.NOFOLLOW_LINKS));
  }

  /** Where standard error is no terminal, a build of usual length leaves two lines. */
  @Test
  void aBuildDoesNotFillALog() throws Exception {
    maven(
        "for i in 1 2 3 4 5 6 7 8; do echo \"[INFO] Building detr4j-$i 0.1.0 [$i/8]\"; done; echo BUILD SUCCESS\n");
    Files.delete(root.resolve("target/launcher.stamp"));
    List<String> lines = run(Map.of("DETR4J_AOT", "off"), "detect", "a.png").lines().toList();
    assertEquals(
        "detr4j: first use: building (log in " + root.resolve("target/build.log") + ")",
        lines.getFirst());
    assertTrue(lines.get(1).matches("detr4j: built in \\d+ s"), lines::toString);
    assertTrue(lines.get(2).startsWith("LC_ALL="), lines::toString);
    assertTrue(Files.readString(root.resolve("target/build.log")).contains("[8/8]"));
    String requested = run(Map.of("DETR4J_AOT", "off"), "build");
    assertTrue(requested.startsWith("detr4j: building (log in "), requested);
  }

  /** A build that changes folders of sources would be followed by another one. */
  @Test
  void whatABuildMakesIsNoChange() throws Exception {
    write(root.resolve("java/other/pom.xml"), "");
    maven("sleep 0.1; mkdir -p java/other/target/classes; echo BUILD SUCCESS\n");
    run(Map.of("DETR4J_AOT", "off"), "build");
    String line = run(Map.of("DETR4J_AOT", "off"), "detect", "a.png");
    assertFalse(line.contains("building"), line);
  }

  @Test
  void askingForHelpBuildsNothing() throws Exception {
    maven("touch '%s'\n".formatted(folder.resolve("built")));
    Path stamp = root.resolve("target/launcher.stamp");
    Object before = Files.getLastModifiedTime(stamp);
    for (String verb : List.of("build", "verify")) {
      for (String option : List.of("--help", "-h", "--version")) {
        assertTrue(run(Map.of(), verb, option).contains("./detr4j build"));
      }
    }
    assertFalse(Files.exists(folder.resolve("built")));
    assertEquals(before, Files.getLastModifiedTime(stamp));
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
    assertTrue(run(Map.of("DETR4J_START", "cache")).contains("none, it could not be made"));
  }

  @Test
  void offIsOff() throws Exception {
    assertFalse(run(Map.of("DETR4J_AOT", "off"), "detect", "a.png").contains(USED));
    assertFalse(Files.exists(root.resolve("target/start.aot.key")));
    assertTrue(
        run(Map.of("DETR4J_AOT", "off", "DETR4J_START", "cache")).contains("off (DETR4J_AOT=off)"));
  }

  /** The lines of java's arguments. */
  private String run(Map<String, String> environment, String... arguments) throws Exception {
    return run(List.of(root.resolve("detr4j").toString()), environment, arguments);
  }

  /**
   * As above, with all that comes on standard error. A process beside java filters that, and the
   * test's own JVM stops to read when java ends.
   */
  private String everyWord(Map<String, String> environment, String... arguments) throws Exception {
    String launcher = root.resolve("detr4j").toString();
    return run(List.of("sh", "-c", "\"$0\" \"$@\" 2>&1 | cat", launcher), environment, arguments);
  }

  private String run(List<String> command, Map<String, String> environment, String... arguments)
      throws Exception {
    ProcessBuilder builder = new ProcessBuilder(new ArrayList<>(command));
    builder.command().addAll(List.of(arguments));
    builder
        .environment()
        .keySet()
        .removeIf(
            name -> name.startsWith("DETR4J_") || name.contains("JAVA_") || name.equals("CC"));
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
      if (condition.call() && !Files.exists(lock, LinkOption.NOFOLLOW_LINKS)) {
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
