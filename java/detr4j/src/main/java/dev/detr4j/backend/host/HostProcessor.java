package dev.detr4j.backend.host;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The name of the processor, for reports. */
final class HostProcessor {
  private HostProcessor() {}

  /** The model name that Linux gives, else the architecture. */
  static String name() {
    Path cpuinfo = Path.of("/proc/cpuinfo");
    if (Files.isReadable(cpuinfo)) {
      try {
        List<String> lines = Files.readAllLines(cpuinfo);
        for (String line : lines) {
          if (line.startsWith("model name")) {
            return line.substring(line.indexOf(':') + 1).strip();
          }
        }
      } catch (IOException e) {
        // The name is only decoration; the architecture below serves as well.
        return System.getProperty("os.arch");
      }
    }
    return System.getProperty("os.arch");
  }
}
