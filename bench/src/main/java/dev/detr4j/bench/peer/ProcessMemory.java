package dev.detr4j.bench.peer;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * What a process holds of the machine's memory, as Linux counts it.
 *
 * @param resident bytes now, mapped pages of files included (VmRSS)
 * @param peak the most it ever held (VmHWM)
 */
public record ProcessMemory(long resident, long peak) {
  /** Of a process that runs. */
  public static ProcessMemory of(long pid) {
    Path status = Path.of("/proc", Long.toString(pid), "status");
    try {
      return parse(Files.readAllLines(status));
    } catch (IOException e) {
      throw new ComparisonException("memory is read from " + status + ", which cannot be read", e);
    }
  }

  static ProcessMemory parse(List<String> status) {
    return new ProcessMemory(bytes(status, "VmRSS:"), bytes(status, "VmHWM:"));
  }

  private static long bytes(List<String> status, String name) {
    for (String line : status) {
      if (line.startsWith(name)) {
        return Long.parseLong(line.replaceAll("\\D", "")) << 10;
      }
    }
    throw new ComparisonException("the process status has no " + name);
  }
}
