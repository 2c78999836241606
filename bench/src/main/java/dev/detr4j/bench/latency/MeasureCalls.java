package dev.detr4j.bench.latency;

import com.sun.management.ThreadMXBean;
import dev.detr4j.Detections;
import dev.detr4j.Detector;
import dev.detr4j.DetectorSession;
import dev.detr4j.WarmUp;
import dev.detr4j.bench.KeptReport;
import dev.detr4j.bench.model.BenchmarkModel;
import dev.detr4j.image.ImageView;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
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

  @Mixin private KeptReport report;

  @Mixin private CalledModel called;

  private MeasureCalls() {}

  @Override
  public Integer call() throws IOException {
    called.check();
    called.require(
        calls >= 2 && warmUp >= 0 && threads.stream().allMatch(n -> n >= 1),
        "--calls must be at least 2, --threads at least 1, --warm-up at least 0");
    report.begin("Times of %d calls, %s".formatted(calls, called));
    report.print("- a slow call takes more than " + SLOW + " times the median");
    report.print(
        "- constant work: arithmetic on 16 KB by one thread, as long as a call and after each; what is uneven there is the machine");
    report.print(
        "- bytes a call: in the first half of the calls, and later in the second; the JVM itself allocates while it tailors method handles and compiles kernels");
    report.print("");
    report.print(
        "| backend | threads | p50 ms | p90 | p99 | p99.9 | longest | p99 / p50 | of constant work | slow | during a stop | during a"
            + " compilation | bytes a call | later | collections | stops | longest stop ms | compilations |"
            + " forced switches | steal ms |");
    report.print(
        "|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|");
    try (BenchmarkModel opened = BenchmarkModel.of(called.model())) {
      for (String backend : called.backends()) {
        for (int count : threads) {
          try (Detector detector = opened.builder(backend, count).build();
              DetectorSession session = detector.newSession()) {
            report.print(row(backend, count, session));
          }
        }
      }
    }
    report.end("calls-" + called.word());
    return 0;
  }

  private String row(String backend, int count, DetectorSession session) throws IOException {
    ImageView picture = BenchmarkModel.picture(called.size());
    Detections found = session.newDetections();
    WarmUp warm = session.warmUp(picture.width(), picture.height(), Duration.ofSeconds(warmUp));
    try (JvmPauses pauses = new JvmPauses()) {
      // The recorder allocates while it starts; the first calls after it are not counted.
      int first = Math.min(50, calls);
      ConstantWork work = ConstantWork.lasting(warm.fastest().toNanos());
      CallTimes machine = CallTimes.room(calls);
      CallTimes times = CallTimes.room(calls);
      measure(session, picture, found, times, work, machine, 0, first);
      ThreadMXBean memory = (ThreadMXBean) ManagementFactory.getThreadMXBean();
      long[] ids = kernelThreads();
      long switchesBefore = ProcessCounters.forcedSwitches();
      long stealBefore = ProcessCounters.stealMillis();
      // What asking costs this thread is found by asking twice.
      long[] asking = memory.getThreadAllocatedBytes(ids);
      long[] before = memory.getThreadAllocatedBytes(ids);
      int half = calls / 2;
      measure(session, picture, found, times, work, machine, 0, half);
      long[] middle = memory.getThreadAllocatedBytes(ids);
      measure(session, picture, found, times, work, machine, half, calls);
      long[] after = memory.getThreadAllocatedBytes(ids);
      long switches = ProcessCounters.forcedSwitches() - switchesBefore;
      long steal = ProcessCounters.stealMillis() - stealBefore;
      pauses.stop();
      long bytes = 0;
      long later = 0;
      for (int i = 0; i < ids.length; i++) {
        long cost = before[i] - asking[i];
        bytes += middle[i] - before[i] - cost;
        later += after[i] - middle[i] - cost;
      }
      return String.format(
          Locale.ROOT,
          "| %s%s | %d | %.2f | %.2f | %.2f | %.2f | %.2f | %.3f | %.3f | %d | %d | %d | %.1f | %.1f | %d | %d | %.2f | %d | %d | %d |",
          backend,
          warm.steady() ? "" : " (not steady)",
          count,
          times.percentile(0.5) / 1e6,
          times.percentile(0.9) / 1e6,
          times.percentile(0.99) / 1e6,
          times.percentile(0.999) / 1e6,
          times.longest() / 1e6,
          (double) times.percentile(0.99) / times.percentile(0.5),
          (double) machine.percentile(0.99) / machine.percentile(0.5),
          times.slower(SLOW),
          times.slowerDuring(SLOW, pauses.stopTimes()),
          times.slowerDuring(SLOW, pauses.compilationTimes()),
          (double) bytes / half,
          (double) later / (calls - half),
          pauses.collections(),
          pauses.stops().size(),
          pauses.longestStop(),
          pauses.compilations(),
          switches,
          steal);
    }
  }

  /** Makes the calls of these numbers, constant work after each; allocates nothing. */
  static void measure(
      DetectorSession session,
      ImageView picture,
      Detections found,
      CallTimes times,
      ConstantWork work,
      CallTimes machine,
      int from,
      int to) {
    for (int i = from; i < to; i++) {
      long start = System.nanoTime();
      session.detect(picture, found);
      long end = System.nanoTime();
      times.durations()[i] = end - start;
      times.starts()[i] = start;
      work.run();
      machine.durations()[i] = System.nanoTime() - end;
      machine.starts()[i] = end;
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
}
