package dev.detr4j.spark;

import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.jar.JarOutputStream;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import org.apache.spark.launcher.JavaModuleOptions;

/**
 * A master and two workers with one processor each, in JVMs of their own on the loopback interface.
 * Their Spark has Spark's jars only; an application brings those of detr4j, as with {@code --jars}.
 */
final class StandaloneCluster implements AutoCloseable {
  private static final Pattern MASTER = Pattern.compile("spark://127\\.0\\.0\\.1:\\d+");

  /** For JVMs that live for seconds on two processors: little compiling, no collector threads. */
  static final String SHORT_LIFE = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC";

  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final Path folder;
  private final Path home;
  private final List<Process> processes = new ArrayList<>();
  private final List<Process> workers = new ArrayList<>();
  private final List<Path> jars = new ArrayList<>();
  private final String master;

  StandaloneCluster(Path folder) throws IOException, InterruptedException {
    this.folder = folder;
    this.home = Files.createDirectories(folder.resolve("spark"));
    install();
    try {
      Path log = start("org.apache.spark.deploy.master.Master", "--port", "0", "--webui-port", "0");
      master = await(log, MASTER);
      for (int i = 0; i < 2; i++) {
        log =
            start(
                "org.apache.spark.deploy.worker.Worker",
                "--webui-port",
                "0",
                "--cores",
                "1",
                "--memory",
                "1g",
                "--work-dir",
                folder.resolve("work-" + i).toString(),
                master);
        workers.add(processes.getLast());
        await(log, Pattern.compile("Successfully registered with master"));
      }
    } catch (Throwable e) {
      close();
      throw e;
    }
  }

  /** Spark's jars go to its folder; detr4j's classes, as jars, to {@link #jars}. */
  private void install() throws IOException {
    Path spark = Files.createDirectories(home.resolve("jars"));
    for (String entry : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
      Path place = Path.of(entry).toAbsolutePath();
      String name = place.getFileName().toString();
      if (Files.isDirectory(place)) {
        if (!name.equals("test-classes")) {
          jars.add(jar(place, "detr4j-" + jars.size() + ".jar", ""));
        }
      } else if (name.startsWith("detr4j-")) {
        jars.add(place);
      } else if (name.endsWith(".jar")) {
        Files.createSymbolicLink(spark.resolve(name), place);
      }
    }
  }

  /** A jar of the files of a folder whose names contain some text. */
  Path jar(Path classes, String name, String part) throws IOException {
    Path jar = folder.resolve(name);
    try (OutputStream file = Files.newOutputStream(jar);
        JarOutputStream out = new JarOutputStream(file);
        Stream<Path> files = Files.walk(classes)) {
      for (Path each : files.filter(Files::isRegularFile).sorted().toList()) {
        String entry = classes.relativize(each).toString().replace('\\', '/');
        if (entry.contains(part) && !entry.equals("META-INF/MANIFEST.MF")) {
          out.putNextEntry(new ZipEntry(entry));
          Files.copy(each, out);
          out.closeEntry();
        }
      }
    }
    return jar;
  }

  /** Starts a class of Spark's; returns the file that its output goes to. */
  private Path start(String type, String... arguments) throws IOException {
    List<String> all = new ArrayList<>(List.of("--host", "127.0.0.1"));
    all.addAll(List.of(arguments));
    Path log = folder.resolve("log-" + processes.size());
    processes.add(command(type, all).redirectOutput(log.toFile()).start());
    return log;
  }

  /** A JVM with Spark's jars alone. */
  ProcessBuilder command(String type, List<String> arguments) {
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    List<String> command = new ArrayList<>(List.of(java, "-Xmx512m"));
    command.addAll(List.of(SHORT_LIFE.split(" ")));
    command.addAll(List.of(JavaModuleOptions.defaultModuleOptions().split(" ")));
    command.addAll(List.of("-cp", home.resolve("jars") + File.separator + "*", type));
    command.addAll(arguments);
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().keySet().removeIf(name -> name.startsWith("SPARK_"));
    builder.environment().put("SPARK_HOME", home.toString());
    // Without it, a worker looks for the folders of a build of Spark to find out.
    builder.environment().put("SPARK_SCALA_VERSION", "2.13");
    builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
    return builder;
  }

  private static String await(Path log, Pattern text) throws IOException, InterruptedException {
    long start = System.nanoTime();
    while (System.nanoTime() - start < PATIENCE.toNanos()) {
      Matcher found = text.matcher(Files.readString(log));
      if (found.find()) {
        return found.group();
      }
      Thread.sleep(100);
    }
    throw new AssertionError("no \"" + text + "\" in: " + Files.readString(log));
  }

  /** The address of the master. */
  String master() {
    return master;
  }

  /** The jars of detr4j. */
  List<String> jars() {
    return jars.stream().map(Path::toString).toList();
  }

  /** The process of an executor. */
  ProcessHandle executor(String id) {
    return workers.stream()
        .flatMap(worker -> worker.toHandle().children())
        .filter(process ->
            List.of(process.info().arguments().orElse(new String[0]))
                .toString()
                .contains("--executor-id, " + id + ","))
        .findFirst()
        .orElseThrow(() -> new AssertionError("no process of executor " + id));
  }

  @Override
  public void close() {
    for (Process each : processes.reversed()) {
      List<ProcessHandle> children = each.descendants().toList();
      each.destroyForcibly();
      children.forEach(ProcessHandle::destroyForcibly);
    }
    try {
      for (Process each : processes) {
        each.waitFor(10, TimeUnit.SECONDS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
