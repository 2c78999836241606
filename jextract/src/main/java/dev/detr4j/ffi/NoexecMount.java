package dev.detr4j.ffi;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Whether a library lies on a mount from which Linux maps no code. The system's own message is that
 * it "failed to map segment", which names no cause.
 */
final class NoexecMount {
  private static final Path MOUNTS = Path.of("/proc/self/mounts");

  private NoexecMount() {}

  /** What to add to the system's reason; empty when the mount is another or cannot be told. */
  static String note(Path file) {
    try {
      Path mount = of(file, Files.readAllLines(MOUNTS, StandardCharsets.ISO_8859_1));
      return mount == null
          ? ""
          : "; "
              + mount
              + " is mounted noexec: set DETR4J_NATIVE_CACHE to a folder of another file system";
    } catch (IOException e) {
      // Only Linux has this file; elsewhere the system's reason is all that there is.
      return "";
    }
  }

  /**
   * The mount point of a file if it is mounted noexec, else null.
   *
   * @param mounts lines as in /proc/self/mounts; of two mounts on one point, the later one is seen
   */
  static @Nullable Path of(Path file, List<String> mounts) {
    Path innermost = null;
    boolean noexec = false;
    for (String line : mounts) {
      String[] words = line.split(" ", -1);
      if (words.length < 4) {
        continue;
      }
      // Blanks and backslashes are octal there.
      Path point =
          Path.of(words[1].replace("\\040", " ").replace("\\011", "\t").replace("\\134", "\\"));
      if (file.startsWith(point)
          && (innermost == null || point.getNameCount() >= innermost.getNameCount())) {
        innermost = point;
        noexec = Arrays.asList(words[3].split(",", -1)).contains("noexec");
      }
    }
    return noexec ? innermost : null;
  }
}
