package dev.detr4j.bench.serve;

import dev.detr4j.serve.RequestLog;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * The server of {@link MeasureServer}, in a JVM of its own. It answers each line of standard input
 * with a line: {@code direct MILLISECONDS} with the images a second that its sessions do without
 * HTTP, {@code take} with the statuses and times since the last time.
 */
public final class ServerChild {
  /** Kept here, because loggers that nobody holds are forgotten with their level. */
  private static final Logger HELIDON = Logger.getLogger("io.helidon");

  private ServerChild() {}

  /** What is served; closing stops the server. */
  interface Served extends AutoCloseable {
    int port();

    /** Without HTTP. */
    int detect(byte[] image) throws Exception;

    @Override
    void close() throws IOException;
  }

  /**
   * Arguments: {@code detr4j}, model folder, image, sessions, queue, timeout in milliseconds; or
   * {@code onnx}, model file, image, sessions, threads of an operation.
   */
  public static void main(String[] arguments) throws Exception {
    HELIDON.setLevel(Level.WARNING);
    Path model = Path.of(arguments[1]);
    byte[] image = Files.readAllBytes(Path.of(arguments[2]));
    int sessions = Integer.parseInt(arguments[3]);
    int number = Integer.parseInt(arguments[4]);
    ConcurrentLinkedQueue<RequestLog.Entry> entries = new ConcurrentLinkedQueue<>();
    try (Served served =
        arguments[0].equals("onnx")
            ? new ServedOnnx(model, sessions, number)
            : new ServedDetector(
                model,
                sessions,
                number,
                Duration.ofMillis(Long.parseLong(arguments[5])),
                entries::add)) {
      System.out.println("port " + served.port());
      BufferedReader commands =
          new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
      for (String line = commands.readLine(); line != null; line = commands.readLine()) {
        System.out.println(
            line.startsWith("direct ")
                ? direct(served, image, sessions, Long.parseLong(line.substring(7)))
                : taken(entries));
      }
    }
  }

  /** Images a second of as many threads as sessions, which only detect. */
  private static String direct(Served served, byte[] image, int sessions, long milliseconds)
      throws InterruptedException {
    AtomicLong images = new AtomicLong();
    long begun = System.nanoTime();
    long end = begun + milliseconds * 1_000_000;
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < sessions; i++) {
      threads.add(
          Thread.ofVirtual()
              .start(() -> {
                try {
                  while (System.nanoTime() < end) {
                    served.detect(image);
                    images.incrementAndGet();
                  }
                } catch (Exception e) {
                  throw new IllegalStateException(e);
                }
              }));
    }
    for (Thread each : threads) {
      each.join();
    }
    return String.format(Locale.ROOT, "%.3f", images.get() / ((System.nanoTime() - begun) / 1e9));
  }

  /** Statuses with their counts, percentiles of the times of 200s, and resident memory. */
  private static String taken(ConcurrentLinkedQueue<RequestLog.Entry> entries) throws IOException {
    Map<Integer, Integer> statuses = new TreeMap<>();
    List<Long> times = new ArrayList<>();
    long longest = 0;
    for (RequestLog.Entry each = entries.poll(); each != null; each = entries.poll()) {
      statuses.merge(each.status(), 1, Integer::sum);
      if (each.status() == 200) {
        times.add(each.nanoseconds());
      }
      longest = Math.max(longest, each.nanoseconds());
    }
    Collections.sort(times);
    return String.format(
        Locale.ROOT,
        "%s|%.1f|%.1f|%.1f|%.0f",
        statuses,
        percentile(times, 0.5) / 1e6,
        percentile(times, 0.99) / 1e6,
        longest / 1e6,
        resident());
  }

  private static double percentile(List<Long> sorted, double part) {
    return sorted.isEmpty()
        ? 0
        : sorted.get(Math.min(sorted.size() - 1, (int) (part * sorted.size())));
  }

  /** MiB, as Linux counts them after a collection. */
  private static double resident() throws IOException {
    System.gc();
    for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
      if (line.startsWith("VmRSS:")) {
        return Long.parseLong(line.replaceAll("\\D", "")) / 1024.0;
      }
    }
    return 0;
  }
}
