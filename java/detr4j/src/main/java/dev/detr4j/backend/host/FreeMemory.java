package dev.detr4j.backend.host;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** How much memory the system can still give to this process, as far as Linux tells. */
public final class FreeMemory {
  private static final Path MACHINE = Path.of("/proc/meminfo");
  private static final Path CONTAINER = Path.of("/sys/fs/cgroup");

  private FreeMemory() {}

  /**
   * The smaller of what the machine has available without swapping and what the container's limit
   * leaves; -1 where neither is known.
   */
  public static long bytes() {
    long machine = available(MACHINE);
    long container = left(CONTAINER);
    return machine < 0 || container < 0
        ? Math.max(machine, container)
        : Math.min(machine, container);
  }

  /** {@code MemAvailable} of a file as {@code /proc/meminfo}; -1 when it does not say. */
  static long available(Path meminfo) {
    try {
      for (String line : Files.readAllLines(meminfo)) {
        if (line.startsWith("MemAvailable:")) {
          return Long.parseLong(line.replaceAll("\\D", "")) << 10;
        }
      }
    } catch (IOException e) {
      return -1; // Another operating system.
    }
    return -1;
  }

  /** What the limit of a control group (version 2) leaves; -1 without a limit. */
  static long left(Path group) {
    try {
      String limit = Files.readString(group.resolve("memory.max")).strip();
      if (limit.equals("max")) {
        return -1;
      }
      long used = Long.parseLong(Files.readString(group.resolve("memory.current")).strip());
      return Math.max(0, Long.parseLong(limit) - used);
    } catch (IOException e) {
      return -1; // No container, or one of another kind.
    }
  }
}
