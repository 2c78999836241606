package dev.detr4j.bench.load;

import dev.detr4j.Detections;
import dev.detr4j.Detector;
import dev.detr4j.DetectorSession;
import dev.detr4j.backend.BackendKind;
import dev.detr4j.image.PixelValues;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Opens a checkpoint, detects once in a small input, and prints seconds and resident bytes; then
 * the same again, in a JVM that has its classes and compiled code. The child process of {@link
 * OpenPublishedFiles}.
 */
public final class OpenTwice {
  /** Small, so that what the call adds to the packed weights is little. */
  private static final int SIDE = 128;

  /**
   * What one opening costs.
   *
   * @param open seconds from the path to a detector
   * @param ready seconds from the path to the first detections, with all weights packed
   * @param openBytes resident memory gained by then
   * @param readyBytes resident memory gained by then
   */
  record Figures(double open, double ready, long openBytes, long readyBytes) {
    static Figures parse(String line) {
      String[] fields = line.strip().split(" ", -1);
      return new Figures(
          Double.parseDouble(fields[0]),
          Double.parseDouble(fields[1]),
          Long.parseLong(fields[2]),
          Long.parseLong(fields[3]));
    }

    @Override
    public String toString() {
      return open + " " + ready + " " + openBytes + " " + readyBytes;
    }
  }

  private OpenTwice() {}

  /** Arguments: file, backend, threads. */
  public static void main(String[] arguments) throws IOException {
    Path file = Path.of(arguments[0]);
    BackendKind backend = BackendKind.of(arguments[1]);
    for (int time = 0; time < 2; time++) {
      System.gc();
      System.out.println(measure(file, backend, Integer.parseInt(arguments[2])));
    }
  }

  static Figures measure(Path file, BackendKind backend, int threads) throws IOException {
    PixelValues input =
        new PixelValues(MemorySegment.ofArray(new float[3 * SIDE * SIDE]), SIDE, SIDE, SIDE, SIDE);
    long before = residentBytes();
    long start = System.nanoTime();
    try (Detector detector = Detector.builder(file).backend(backend).threads(threads).build()) {
      double open = seconds(start);
      long openBytes = residentBytes() - before;
      try (DetectorSession session = detector.newSession()) {
        Detections found = session.newDetections();
        session.detect(input, found, 0.5f);
        return new Figures(open, seconds(start), openBytes, residentBytes() - before);
      }
    }
  }

  private static double seconds(long start) {
    return (System.nanoTime() - start) / 1e9;
  }

  /** Anonymous memory and mapped file pages together, as the system counts them. */
  static long residentBytes() throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
      if (line.startsWith("VmRSS:")) {
        return Long.parseLong(line.replaceAll("\\D", "")) << 10;
      }
    }
    throw new IOException("/proc/self/status has no VmRSS");
  }
}
