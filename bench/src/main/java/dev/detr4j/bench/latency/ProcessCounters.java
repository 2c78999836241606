package dev.detr4j.bench.latency;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** What Linux counts of the interference of others; zero on other systems. */
final class ProcessCounters {
  /** Clock ticks of /proc are hundredths of a second on every Linux that runs a JVM. */
  private static final long TICK_MILLIS = 10;

  private ProcessCounters() {}

  /** How often the system took a processor from a thread of this process that had work left. */
  static long forcedSwitches() throws IOException {
    Path tasks = Path.of("/proc/self/task");
    if (!Files.isDirectory(tasks)) {
      return 0;
    }
    long count = 0;
    try (var threads = Files.list(tasks)) {
      for (Path thread : threads.toList()) {
        for (String line : lines(thread.resolve("status"))) {
          if (line.startsWith("nonvoluntary_ctxt_switches:")) {
            count += Long.parseLong(line.replaceAll("\\D", ""));
          }
        }
      }
    }
    return count;
  }

  /** Time that the hypervisor gave to others, of all processors together. */
  static long stealMillis() {
    for (String line : lines(Path.of("/proc/stat"))) {
      String[] fields = line.split(" +", -1);
      if (fields[0].equals("cpu") && fields.length > 8) {
        return TICK_MILLIS * Long.parseLong(fields[8]);
      }
    }
    return 0;
  }

  private static List<String> lines(Path file) {
    try {
      return Files.readAllLines(file);
    } catch (IOException e) {
      // A thread that has ended meanwhile, or another operating system.
      return List.of();
    }
  }
}
