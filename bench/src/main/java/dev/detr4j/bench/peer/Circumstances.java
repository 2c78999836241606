package dev.detr4j.bench.peer;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Where and when figures were taken: what a reader needs in order to judge or repeat them. */
public final class Circumstances {
  private Circumstances() {}

  /** Processor and how many of its cores this process may use. */
  public static String machine() {
    String model = System.getProperty("os.arch", "unknown");
    for (String line : lines(Path.of("/proc/cpuinfo"))) {
      if (line.startsWith("model name")) {
        model = line.substring(line.indexOf(':') + 1).strip();
        break;
      }
    }
    return "%s (%s), %d cores, %s"
        .formatted(
            model,
            family(),
            Runtime.getRuntime().availableProcessors(),
            System.getProperty("os.name", "unknown"));
  }

  /** Virtual machines often hide the name of the processor but not its family and model. */
  private static String family() {
    String family = "?";
    String model = "?";
    for (String line : lines(Path.of("/proc/cpuinfo"))) {
      if (line.startsWith("cpu family") && family.equals("?")) {
        family = line.substring(line.indexOf(':') + 1).strip();
      } else if (line.startsWith("model\t") && model.equals("?")) {
        model = line.substring(line.indexOf(':') + 1).strip();
      }
    }
    return "family " + family + " model " + model;
  }

  /** The JVM and its version. */
  public static String java() {
    return System.getProperty("java.vendor", "unknown") + " " + Runtime.version();
  }

  /**
   * The commit of the sources in the folder that the launcher names, otherwise in the working
   * directory, with a mark when they were changed.
   */
  public static String commit() {
    String hash = git("rev-parse", "--short=12", "HEAD");
    if (hash.isEmpty()) {
      return "unknown";
    }
    return git("status", "--porcelain", "--untracked-files=no").isEmpty()
        ? hash
        : hash + " with changes";
  }

  /** How busy the machine is: the load averages of 1, 5 and 15 minutes. */
  public static String load() {
    List<String> lines = lines(Path.of("/proc/loadavg"));
    return lines.isEmpty() ? "unknown" : lines.get(0).replaceFirst("^(\\S+ \\S+ \\S+).*", "$1");
  }

  private static List<String> lines(Path file) {
    try {
      return Files.readAllLines(file);
    } catch (IOException e) {
      // Another operating system: the report says "unknown".
      return List.of();
    }
  }

  private static String git(String... arguments) {
    String[] command = new String[arguments.length + 1];
    command[0] = "git";
    System.arraycopy(arguments, 0, command, 1, arguments.length);
    try {
      Process process =
          new ProcessBuilder(command)
              .directory(new File(System.getProperty("detr4j.home", ".")))
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      String output =
          new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
      return process.waitFor() == 0 ? output : "";
    } catch (IOException e) {
      return "";
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return "";
    }
  }
}
