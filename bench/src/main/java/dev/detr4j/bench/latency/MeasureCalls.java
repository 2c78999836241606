package dev.detr4j.bench.latency;

import com.sun.management.ThreadMXBean;
import dev.detr4j.BackendKind;
import dev.detr4j.Detections;
import dev.detr4j.Detector;
import dev.detr4j.DetectorSession;
import dev.detr4j.ImageView;
import dev.detr4j.WarmUp;
import dev.detr4j.bench.model.BenchmarkModel;
import dev.detr4j.bench.peer.Circumstances;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * Times every one of many calls of a session that is warm, and says what the JVM did meanwhile:
 * bytes allocated on any thread, collections, stops of all threads, compilations, and how many of
 * the slow calls fell into one of those. The rest is what the machine did: the context switches
 * that the system forced on this process, and time that its hypervisor kept.
 */
@Command(
    name = "calls",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = "Times every call of a warm session and prints percentiles.")
public final class MeasureCalls implements Callable<Integer> {
  /** Calls that take more than this many times the median count as slow. */
  static final double SLOW = 1.15;

  @Option(
      names = "--model",
      defaultValue = BenchmarkModel.SMALL,
      description = "A model, or small (default), a golden one at 256x320.")
  private String model;

  @Option(
      names = "--size",
      defaultValue = "640x512",
      description = "Pixels of the picture (default: ${DEFAULT-VALUE}).")
  private String size;

  @Option(
      names = "--backends",
      split = ",",
      defaultValue = "c,vector",
      description = "Default: ${DEFAULT-VALUE}.")
  private List<String> backends;

  @Option(
      names = "--threads",
      split = ",",
      defaultValue = "1,2",
      description = "Default: ${DEFAULT-VALUE}.")
  private List<Integer> threads;

  @Option(
      names = "--calls",
      defaultValue = "2000",
      description = "Calls that are counted (default: ${DEFAULT-VALUE}).")
  private int calls;

  @Option(
      names = "--warm-up",
      defaultValue = "20",
      paramLabel = "SECONDS",
      description = "The longest that warming up may take (default: ${DEFAULT-VALUE}).")
  private int warmUp;

  @Option(
      names = "--results",
      paramLabel = "DIR",
      description = "Keep the table in a file of this folder too.")
  private @Nullable Path results;

  private final List<String> report = new ArrayList<>();

  private MeasureCalls() {}

  @Override
  public Integer call() throws IOException {
    backends.forEach(BackendKind::of); // A wrong name is to be the only line.
    print("# Times of %d calls, model %s, picture %s".formatted(calls, model, size));
    print("");
    print("- " + Circumstances.machine());
    print("- " + Circumstances.java());
    print("- commit " + Circumstances.commit() + ", load before " + Circumstances.load());
    print("- a slow call takes more than " + SLOW + " times the median");
    print("");
    print(
        "| backend | threads | p50 ms | p90 | p99 | p99.9 | longest | p99 / p50 | slow | during a stop | during a"
            + " compilation | bytes a call | collections | stops | longest stop ms | compilations |"
            + " forced switches | steal ms |");
    print("|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|");
    try (BenchmarkModel opened = BenchmarkModel.of(model)) {
      for (String backend : backends) {
        for (int count : threads) {
          try (Detector detector = opened.builder(backend, count).build();
              DetectorSession session = detector.newSession()) {
            print(row(backend, count, session));
          }
        }
      }
    }
    print("");
    print("Load after: " + Circumstances.load());
    if (results != null) {
      String stamp =
          OffsetDateTime.now(ZoneOffset.UTC).format(DateTimeFormatter.ofPattern("yyyyMMdd-HHmm"));
      Files.write(results.resolve("calls-" + stamp + ".md"), report);
    }
    return 0;
  }

  private String row(String backend, int count, DetectorSession session) throws IOException {
    ImageView picture = BenchmarkModel.picture(size);
    Detections found = session.newDetections();
    WarmUp warm = session.warmUp(picture.width(), picture.height(), Duration.ofSeconds(warmUp));
    try (JvmPauses pauses = new JvmPauses()) {
      // The recorder allocates while it starts; the first calls after it are not counted.
      measure(session, picture, found, CallTimes.room(Math.min(50, calls)));
      CallTimes times = CallTimes.room(calls);
      ThreadMXBean memory = (ThreadMXBean) ManagementFactory.getThreadMXBean();
      long[] ids = kernelThreads();
      long switchesBefore = ProcessCounters.forcedSwitches();
      long stealBefore = ProcessCounters.stealMillis();
      // What asking costs this thread is found by asking twice.
      long[] asking = memory.getThreadAllocatedBytes(ids);
      long[] before = memory.getThreadAllocatedBytes(ids);
      measure(session, picture, found, times);
      long[] after = memory.getThreadAllocatedBytes(ids);
      long switches = ProcessCounters.forcedSwitches() - switchesBefore;
      long steal = ProcessCounters.stealMillis() - stealBefore;
      pauses.stop();
      long bytes = 0;
      for (int i = 0; i < ids.length; i++) {
        bytes += after[i] - before[i] - (before[i] - asking[i]);
      }
      return String.format(
          Locale.ROOT,
          "| %s%s | %d | %.2f | %.2f | %.2f | %.2f | %.2f | %.3f | %d | %d | %d | %.1f | %d | %d | %.2f | %d | %d | %d |",
          backend,
          warm.steady() ? "" : " (not steady)",
          count,
          times.percentile(0.5) / 1e6,
          times.percentile(0.9) / 1e6,
          times.percentile(0.99) / 1e6,
          times.percentile(0.999) / 1e6,
          times.longest() / 1e6,
          (double) times.percentile(0.99) / times.percentile(0.5),
          times.slower(SLOW),
          times.slowerDuring(SLOW, pauses.stopTimes()),
          times.slowerDuring(SLOW, pauses.compilationTimes()),
          (double) bytes / calls,
          pauses.collections(),
          pauses.stops().size(),
          pauses.longestStop(),
          pauses.compilations(),
          switches,
          steal);
    }
  }

  /** Makes as many calls as there is room for; allocates nothing. */
  static void measure(
      DetectorSession session, ImageView picture, Detections found, CallTimes times) {
    for (int i = 0; i < times.durations().length; i++) {
      long start = System.nanoTime();
      session.detect(picture, found);
      times.durations()[i] = System.nanoTime() - start;
      times.starts()[i] = start;
    }
  }

  /** This thread and the workers. */
  private static long[] kernelThreads() {
    long self = Thread.currentThread().threadId();
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().startsWith("detr4j-") || thread.threadId() == self)
        .mapToLong(Thread::threadId)
        .toArray();
  }

  private void print(String line) {
    report.add(line);
    System.out.println(line);
  }
}
