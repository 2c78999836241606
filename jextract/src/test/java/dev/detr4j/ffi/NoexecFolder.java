package dev.detr4j.ffi;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;

/**
 * A writable folder from which the system maps no code: on a tmpfs of our own, else on a mount that
 * is there already.
 *
 * @param path the folder, made for this test
 * @param mounted the mount point to unmount, or null
 */
record NoexecFolder(Path path, Path mounted) implements AutoCloseable {
  /** Returns null when this process can have none. */
  static NoexecFolder find(Path temporary) throws IOException {
    Path point = Files.createDirectory(temporary.resolve("noexec"));
    if (run("mount", "-t", "tmpfs", "-o", "noexec,size=16m", "detr4j-test", point.toString())) {
      return new NoexecFolder(Files.createDirectory(point.resolve("cache")), point);
    }
    for (String line : Files.readAllLines(Path.of("/proc/self/mounts"))) {
      String[] words = line.split(" ", -1);
      Path mount = Path.of(words[1]);
      boolean memory =
          words[2].equals("tmpfs") && !words[1].startsWith("/proc") && !words[1].startsWith("/sys");
      if (memory && ("," + words[3] + ",").contains(",noexec,") && Files.isWritable(mount)) {
        return new NoexecFolder(Files.createTempDirectory(mount, "detr4j-test-"), null);
      }
    }
    return null;
  }

  @Override
  public void close() throws IOException {
    if (mounted != null) {
      run("umount", mounted.toString());
      return;
    }
    try (Stream<Path> files = Files.walk(path)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  private static boolean run(String... command) throws IOException {
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    return process.onExit().join().exitValue() == 0;
  }
}
