package dev.detr4j.parity;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import dev.detr4j.Detections;
import dev.detr4j.Detector;
import dev.detr4j.DetectorSession;
import dev.detr4j.backend.Backend;
import dev.detr4j.backend.BackendKind;
import dev.detr4j.error.BackendException;
import dev.detr4j.image.ImageView;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * How detectors and sessions live and die on backend cuda, on the emulated device; {@link
 * DetectorLifeCycleTest} has the other backends.
 */
class EmulatedLifeCycleTest {
  private static final int RELOADS = EmulatedCuda.takesAll() ? 200 : 20;

  private static Path model;

  @BeforeAll
  static void writeModel(@TempDir Path folder) {
    model = SmallModel.writeBelow(folder);
  }

  @BeforeEach
  void ask() {
    EmulatedCuda.ask();
    EmulatedCuda.requireAvailable();
  }

  @AfterEach
  void forget() {
    EmulatedCuda.forget();
  }

  @Test
  void sessionsAtOnceGiveWhatOneGives() throws Exception {
    try (Detector detector = open();
        ExecutorService callers = Executors.newFixedThreadPool(2)) {
      List<Future<?>> running = new ArrayList<>();
      for (int i = 0; i < 2; i++) {
        ImageView picture = SmallModel.picture(90 + 10 * i, 80, i);
        float[] expected;
        try (DetectorSession session = detector.newSession()) {
          expected = scores(session, picture);
        }
        Callable<Void> caller =
            () -> {
              try (DetectorSession session = detector.newSession()) {
                for (int call = 0; call < 3; call++) {
                  assertArrayEquals(expected, scores(session, picture), 0f);
                }
              }
              return null;
            };
        running.add(callers.submit(caller));
      }
      for (Future<?> caller : running) {
        caller.get();
      }
    }
  }

  @Test
  void aCallAllocatesNothing() {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    ImageView picture = SmallModel.picture(96, 64, 1);
    try (Detector detector = open();
        DetectorSession session = detector.newSession()) {
      Detections found = session.newDetections();
      // The smallest of several windows: the JVM may compile on this thread's account in one.
      long least = Long.MAX_VALUE;
      for (int call = 0; call < 40 && least != 0; call++) {
        long before = threads.getCurrentThreadAllocatedBytes();
        session.detect(picture, found, 0.3f);
        least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
      }
      assertEquals(0, least);
    }
  }

  @Test
  void reloadingLeavesNothingOnTheDevice() {
    ImageView picture = SmallModel.picture(100, 70, 4);
    reload(picture);
    String before = freeMemory();
    for (int i = 0; i < RELOADS; i++) {
      reload(picture);
    }
    assertEquals(before, freeMemory());
  }

  private static void reload(ImageView picture) {
    try (Detector detector = open();
        DetectorSession session = detector.newSession()) {
      assertTrue(scores(session, picture).length > 0);
    }
  }

  /** What the device says when it is asked for more than it has. */
  private static String freeMemory() {
    try (Backend backend = ParityTarget.of(BackendKind.CUDA, null, 1).open()) {
      String refusal =
          String.valueOf(
              assertThrows(BackendException.class, () -> backend.allocate(1L << 40)).getMessage());
      assertTrue(refusal.contains(" bytes free"), refusal);
      return refusal;
    }
  }

  @Test
  void closingWaitsForTheCallThatRuns() throws Exception {
    Detector detector = open();
    DetectorSession session = detector.newSession();
    Detections found = session.newDetections();
    ImageView picture = SmallModel.picture(120, 90, 3);
    session.detect(picture, found);
    AtomicReference<@Nullable Throwable> ended = new AtomicReference<>();
    Thread caller =
        new Thread(() -> {
          try {
            while (true) {
              session.detect(picture, found);
            }
          } catch (Throwable e) {
            ended.set(e);
          }
        });
    caller.start();
    Thread.sleep(30);
    detector.close();
    caller.join();
    Throwable end = ended.get();
    assertTrue(end instanceof IllegalStateException, String.valueOf(end));
    assertEquals("the session is closed", end.getMessage());
  }

  private static Detector open() {
    return Detector.builder(model).backend(BackendKind.CUDA).build();
  }

  private static float[] scores(DetectorSession session, ImageView picture) {
    Detections found = session.newDetections();
    session.detect(picture, found, 0);
    float[] scores = new float[found.size()];
    for (int i = 0; i < scores.length; i++) {
      scores[i] = found.score(i);
    }
    return scores;
  }
}
