package dev.detr4j.bench.latency;

import dev.detr4j.Detections;
import dev.detr4j.Detector;
import dev.detr4j.DetectorSession;
import dev.detr4j.backend.BackendKind;
import dev.detr4j.image.ImageDecoder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.BlockingDeque;
import java.util.concurrent.LinkedBlockingDeque;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/** The JVM under load of {@link MeasureCallers}; prints one row of its table. */
public final class ManyCallers {
  /** How a caller reaches the detector. */
  enum Way {
    /** {@code Detector.detect}: decodes and computes on a platform thread, when its turn comes. */
    DETECT,
    /**
     * What a service would write by itself: as many sessions as there are processors, in a queue,
     * called from the virtual thread.
     */
    OWN_SESSIONS
  }

  /** One call. */
  private interface Call {
    int run(byte[] image) throws InterruptedException;
  }

  private ManyCallers() {}

  /** Arguments: way, model, backend, image, callers, calls. */
  public static void main(String[] arguments) throws Exception {
    Way way = Way.valueOf(arguments[0]);
    byte[] image = Files.readAllBytes(Path.of(arguments[3]));
    int callers = Integer.parseInt(arguments[4]);
    int calls = Integer.parseInt(arguments[5]);
    try (Detector detector =
        Detector.builder(Path.of(arguments[1])).backend(BackendKind.of(arguments[2])).build()) {
      int sessions = detector.load().sessions();
      Call call =
          way == Way.DETECT
              ? bytes -> detector.detect(bytes).size()
              : ownSessions(detector, sessions);
      for (int i = 0; i < 100; i++) {
        call.run(image);
      }
      Load load = load(call, image, callers, calls);
      System.out.printf(
          Locale.ROOT,
          "| %s | %s | %d | %.0f | %.1f | %.1f | %.1f | %.1f | %.1f | %d | %.0f |%n",
          way == Way.DETECT ? "`Detector.detect`" : "own queue of sessions",
          arguments[2],
          load.failed,
          calls / load.seconds,
          load.times.percentile(0.5) / 1e6,
          load.times.percentile(0.99) / 1e6,
          load.times.longest() / 1e6,
          load.virtualLateness / 1e6,
          load.platformLateness / 1e6,
          detector.memory().sessions(),
          residentMiB());
    }
  }

  private static Call ownSessions(Detector detector, int count) {
    BlockingDeque<DetectorSession> free = new LinkedBlockingDeque<>();
    for (int i = 0; i < count; i++) {
      free.add(detector.newSession());
    }
    ImageDecoder decoder = new ImageDecoder();
    return bytes -> {
      DetectorSession session = free.takeFirst();
      try {
        Detections found = session.newDetections();
        session.detect(decoder.decode(bytes, "image"), found);
        return found.size();
      } finally {
        free.putFirst(session);
      }
    };
  }

  private record Load(
      CallTimes times, int failed, double seconds, long virtualLateness, long platformLateness) {}

  private static Load load(Call call, byte[] image, int callers, int calls)
      throws InterruptedException {
    CallTimes times = CallTimes.room(calls);
    AtomicInteger next = new AtomicInteger();
    AtomicInteger failed = new AtomicInteger();
    Heartbeat virtual = new Heartbeat();
    Heartbeat platform = new Heartbeat();
    Thread virtualBeat = Thread.startVirtualThread(virtual);
    Thread platformBeat = Thread.ofPlatform().start(platform);
    Thread.sleep(200);
    virtual.forget();
    platform.forget();
    long start = System.nanoTime();
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < callers; i++) {
      threads.add(
          Thread.startVirtualThread(() -> {
            for (int index = next.getAndIncrement();
                index < calls;
                index = next.getAndIncrement()) {
              long begun = System.nanoTime();
              try {
                call.run(image);
              } catch (RuntimeException | OutOfMemoryError | InterruptedException e) {
                failed.incrementAndGet();
                System.err.println(e);
              }
              times.durations()[index] = System.nanoTime() - begun;
            }
          }));
    }
    for (Thread each : threads) {
      each.join();
    }
    double seconds = (System.nanoTime() - start) / 1e9;
    virtual.stop();
    platform.stop();
    virtualBeat.join();
    platformBeat.join();
    return new Load(times, failed.get(), seconds, virtual.latest(), platform.latest());
  }

  /** A thread that sleeps 5 ms again and again, and the most that it woke late. */
  private static final class Heartbeat implements Runnable {
    private static final long BEAT = 5_000_000;

    private final AtomicLong latest = new AtomicLong();
    private volatile boolean stopped;

    @Override
    public void run() {
      try {
        while (!stopped) {
          long before = System.nanoTime();
          Thread.sleep(BEAT / 1_000_000);
          long late = System.nanoTime() - before - BEAT;
          latest.accumulateAndGet(late, Math::max);
        }
      } catch (InterruptedException e) {
        throw new IllegalStateException("nobody interrupts a heartbeat", e);
      }
    }

    void forget() {
      latest.set(0);
    }

    void stop() {
      stopped = true;
    }

    long latest() {
      return latest.get();
    }
  }

  private static double residentMiB() throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
      if (line.startsWith("VmHWM:")) {
        return Long.parseLong(line.replaceAll("\\D", "")) / 1024.0;
      }
    }
    throw new IOException("/proc/self/status has no VmHWM");
  }
}
