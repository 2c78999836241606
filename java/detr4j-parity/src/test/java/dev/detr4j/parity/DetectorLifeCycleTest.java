package dev.detr4j.parity;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import dev.detr4j.Detections;
import dev.detr4j.Detector;
import dev.detr4j.DetectorSession;
import dev.detr4j.backend.BackendKind;
import dev.detr4j.error.ImageException;
import dev.detr4j.image.ImageView;
import dev.detr4j.image.PixelFormat;
import dev.detr4j.image.PixelValues;
import dev.detr4j.op.SoftNms;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** How detectors and sessions live and die, on every backend that is meant for use. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class DetectorLifeCycleTest {
  private @Nullable Path model;

  @BeforeAll
  void writeModel(@TempDir Path folder) {
    model = SmallModel.writeBelow(folder);
  }

  @ParameterizedTest
  @EnumSource(names = {"VECTOR", "C"})
  void sessionsAtOnceGiveWhatOneGives(BackendKind kind) throws Exception {
    try (Detector detector = open(kind, 2)) {
      List<float[]> alone = new ArrayList<>();
      try (DetectorSession session = detector.newSession()) {
        for (int i = 0; i < 4; i++) {
          alone.add(scores(session, SmallModel.picture(90 + 10 * i, 80, i)));
        }
      }
      try (ExecutorService callers = Executors.newFixedThreadPool(4)) {
        List<Future<?>> running = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
          ImageView picture = SmallModel.picture(90 + 10 * i, 80, i);
          float[] expected = alone.get(i);
          Callable<Void> caller =
              () -> {
                try (DetectorSession session = detector.newSession()) {
                  for (int call = 0; call < 10; call++) {
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
  }

  @ParameterizedTest
  @CsvSource({"VECTOR, false", "VECTOR, true", "C, false", "C, true"})
  void callsAllocateNothingOnAnyThread(BackendKind kind, boolean soft) {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    try (Detector detector = soft ? openSoft(kind, 2) : open(kind, 2);
        DetectorSession session = detector.newSession()) {
      Detections found = session.newDetections();
      PixelValues values =
          new PixelValues(MemorySegment.ofArray(new float[3 * 64 * 48]), 64, 48, 640, 480);
      ImageView first = SmallModel.picture(96, 64, 1);
      ImageView second = SmallModel.picture(64, 96, 2);
      long[] ids = kernelThreads();
      assertEquals(2, ids.length, "this thread and one worker");
      // Until C2 has compiled the kernels, the Vector API allocates; then it must stop. What asking
      // costs this thread is
      // found by asking twice.
      long allocated = Long.MAX_VALUE;
      for (int attempt = 0; attempt < 40 && allocated != 0; attempt++) {
        for (int call = 0; call < 50; call++) {
          session.detect(first, found);
          session.detect(second, found);
          session.detect(values, found, 0.3f);
        }
        long[] zero = allocatedBytes(threads, ids);
        long[] before = allocatedBytes(threads, ids);
        for (int call = 0; call < 20; call++) {
          session.detect(first, found);
          session.detect(second, found);
          session.detect(values, found, 0.3f);
        }
        long[] after = allocatedBytes(threads, ids);
        allocated = 0;
        for (int i = 0; i < ids.length; i++) {
          allocated += after[i] - before[i] - (before[i] - zero[i]);
        }
      }
      assertEquals(0, allocated, "bytes allocated in 60 calls");
    }
  }

  /**
   * The same boxes of the same queries, the best first and unchanged, the others lowered by no more
   * than what an overlap of 1 with each better one would do.
   */
  @ParameterizedTest
  @EnumSource(names = {"REFERENCE", "VECTOR", "C"})
  void softSuppressionLowersScores(BackendKind kind) {
    ImageView picture = SmallModel.picture(96, 64, 9);
    try (Detector plain = open(kind, 1);
        Detector soft = openSoft(kind, 1);
        DetectorSession plainSession = plain.newSession();
        DetectorSession softSession = soft.newSession()) {
      Detections before = plainSession.newDetections();
      Detections after = softSession.newDetections();
      plainSession.detect(picture, before, 0);
      softSession.detect(picture, after, 0);
      assertTrue(after.size() > 0 && after.size() <= before.size());
      assertEquals(before.query(0), after.query(0));
      assertEquals(before.score(0), after.score(0), 0f);
      int lowered = 0;
      for (int i = 0; i < after.size(); i++) {
        int same = 0;
        while (before.query(same) != after.query(i) || before.labelId(same) != after.labelId(i)) {
          same++;
        }
        assertEquals(before.xMin(same), after.xMin(i), 0f);
        assertEquals(before.yMax(same), after.yMax(i), 0f);
        assertTrue(after.score(i) <= before.score(same));
        assertTrue(i == 0 || after.score(i) <= after.score(i - 1));
        lowered += after.score(i) < before.score(same) ? 1 : 0;
      }
      assertTrue(lowered > 0, "boxes of this model overlap");
      softSession.detect(picture, after, before.score(0));
      assertEquals(0, after.size(), "the threshold is strict");
    }
  }

  /** Bytes allocated so far by each of the threads; asked for in one call, into one array. */
  private static long[] allocatedBytes(ThreadMXBean threads, long[] ids) {
    return threads.getThreadAllocatedBytes(ids);
  }

  private static long[] kernelThreads() {
    long self = Thread.currentThread().threadId();
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().startsWith("detr4j-") || thread.threadId() == self)
        .mapToLong(Thread::threadId)
        .toArray();
  }

  @ParameterizedTest
  @EnumSource(names = {"VECTOR", "C"})
  void aSecondDetectorBringsNoThreads(BackendKind kind) {
    ImageView picture = SmallModel.picture(96, 64, 10);
    Detector first = open(kind, 3);
    float[] expected;
    try (DetectorSession session = first.newSession()) {
      expected = scores(session, picture);
    }
    assertEquals(2, kernelThreads().length - 1);
    try (Detector second = open(kind, 2);
        DetectorSession session = second.newSession()) {
      assertEquals(2, kernelThreads().length - 1);
      assertArrayEquals(expected, scores(session, picture), 0f);
      first.close();
      assertArrayEquals(expected, scores(session, picture), 0f);
      try (Detector own =
              TestBackends.build(Detector.builder(model()).threads(2).ownWorkers(), kind);
          DetectorSession ownSession = own.newSession()) {
        assertEquals(3, kernelThreads().length - 1);
        assertArrayEquals(expected, scores(ownSession, picture), 0f);
      }
      assertEquals(2, kernelThreads().length - 1);
      assertArrayEquals(expected, scores(session, picture), 0f);
    }
    assertEquals(0, kernelThreads().length - 1);
  }

  @ParameterizedTest
  @EnumSource(names = {"VECTOR", "C"})
  void closingWaitsForTheCallThatRuns(BackendKind kind) throws Exception {
    for (int round = 0; round < 20; round++) {
      Detector detector = open(kind, 2);
      DetectorSession session = detector.newSession();
      Detections found = session.newDetections();
      ImageView picture = SmallModel.picture(120, 90, round);
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
      Thread.sleep(round);
      detector.close();
      caller.join();
      Throwable end = ended.get();
      assertTrue(end instanceof IllegalStateException, String.valueOf(end));
      assertEquals("the session is closed", end.getMessage());
      detector.close();
      assertThrows(IllegalStateException.class, detector::newSession);
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"VECTOR", "C"})
  void enteringASessionTwiceSaysSo(BackendKind kind) throws Exception {
    try (Detector detector = open(kind, 1);
        DetectorSession session = detector.newSession()) {
      ImageView picture = SmallModel.picture(160, 160, 3);
      AtomicReference<@Nullable String> refused = new AtomicReference<>();
      Runnable calls =
          () -> {
            Detections found = session.newDetections();
            for (int call = 0; call < 2_000 && refused.get() == null; call++) {
              try {
                session.detect(picture, found);
              } catch (IllegalStateException e) {
                refused.set(e.getMessage());
              }
            }
          };
      Thread other = new Thread(calls);
      other.start();
      calls.run();
      other.join();
      assertEquals(
          "the session is in use by another thread: a session serves one caller at a time",
          refused.get());
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"VECTOR", "C"})
  void aCallThatCannotEndWellDoesNotBegin(BackendKind kind, @TempDir Path folder) throws Exception {
    Path labels = Files.writeString(folder.resolve("labels.txt"), "ash\nbeech\ncedar\nelm\nfir\n");
    ImageView picture = SmallModel.picture(96, 64, 11);
    try (Detector detector = open(kind, 1);
        Detector trees = TestBackends.build(Detector.builder(model()).labels(labels), kind);
        Detector twin = open(kind, 1);
        DetectorSession session = detector.newSession();
        DetectorSession ofTrees = trees.newSession();
        DetectorSession ofTwin = twin.newSession()) {
      Detections found = session.newDetections();
      Detections names = ofTrees.newDetections();
      String reason =
          assertThrows(IllegalArgumentException.class, () -> session.detect(picture, names, 0.5f))
              .getMessage();
      assertEquals("these detections belong to a session of another detector", reason);
      session.detect(picture, ofTwin.newDetections(), 0);
      for (float threshold : new float[] {Float.NaN, -0.1f, 1.1f}) {
        assertThrows(
            IllegalArgumentException.class, () -> session.detect(picture, found, threshold));
      }
      assertThrows(ImageException.class, () -> session.warmUp(40_000, 20_000));
      assertThrows(ImageException.class, () -> session.warmUp(-1, 20));
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"VECTOR", "C"})
  void anInterruptedThreadClosesTooAndStaysInterrupted(BackendKind kind) throws Exception {
    Detector detector = open(kind, 1);
    DetectorSession session = detector.newSession();
    Detections found = session.newDetections();
    ImageView picture = SmallModel.picture(120, 90, 12);
    CountDownLatch running = new CountDownLatch(1);
    Thread caller =
        new Thread(() ->
            assertThrows(
                IllegalStateException.class,
                () -> {
                  while (true) {
                    session.detect(picture, found);
                    running.countDown();
                  }
                }));
    caller.start();
    running.await();
    Thread.currentThread().interrupt();
    detector.close();
    assertTrue(Thread.interrupted(), "the interruption is the caller's to see");
    caller.join();
  }

  @ParameterizedTest
  @EnumSource(names = {"VECTOR", "C"})
  void reloadingDoesNotGrow(BackendKind kind) throws Exception {
    Path statm = Path.of("/proc/self/statm");
    Assumptions.assumeTrue(
        Files.exists(statm), "resident memory is read from /proc, which is not here");
    ImageView picture = SmallModel.picture(100, 70, 4);
    for (int i = 0; i < 40; i++) {
      reload(kind, picture);
    }
    long before = settledBytes(statm);
    for (int i = 0; i < 200; i++) {
      reload(kind, picture);
    }
    long grown = settledBytes(statm) - before;
    // One leaked detector of this model holds 6 MB of packed weights; 200 would be 1.2 GB.
    assertTrue(grown < 100L << 20, "200 reloads grew resident memory by " + (grown >> 20) + " MiB");
  }

  /**
   * Resident memory when the Java heap has shrunk to what it holds. Reloading makes garbage, until
   * its code is compiled hundreds of megabytes; after a collection G1 gives the pages back step by
   * step, while the process runs on. A look in between sees any part of them: the lowest counts.
   */
  private static long settledBytes(Path statm) throws Exception {
    System.gc();
    long lowest = residentBytes(statm);
    for (int unchanged = 0; unchanged < 10; unchanged++) {
      Thread.sleep(50);
      long now = residentBytes(statm);
      if (now < lowest) {
        lowest = now;
        unchanged = 0;
      }
    }
    return lowest;
  }

  private void reload(BackendKind kind, ImageView picture) {
    try (Detector detector = open(kind, 2);
        DetectorSession session = detector.newSession()) {
      session.detect(picture, session.newDetections());
    }
  }

  private static long residentBytes(Path statm) throws Exception {
    return Long.parseLong(Files.readString(statm).split(" ", -1)[1]) * 4096;
  }

  @ParameterizedTest
  @EnumSource(names = {"VECTOR", "C"})
  void aBatchOfEqualSizesGivesWhatSinglesGive(BackendKind kind) {
    try (Detector detector = open(kind, 2);
        DetectorSession session = detector.newSession()) {
      List<ImageView> pictures =
          List.of(SmallModel.picture(96, 64, 5), SmallModel.picture(96, 64, 6));
      List<Detections> found = List.of(session.newDetections(), session.newDetections());
      session.detect(pictures, found, 0);
      for (int i = 0; i < 2; i++) {
        float[] single = scores(session, pictures.get(i));
        assertEquals(single.length, found.get(i).size());
        for (int d = 0; d < single.length; d++) {
          // The tiles of a batch are cut elsewhere, but each row is summed alike.
          assertEquals(single[d], found.get(i).score(d), 1e-5f);
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"VECTOR", "C"})
  void rowsMayLieApartAndInNativeMemory(BackendKind kind) {
    try (Detector detector = open(kind, 2);
        DetectorSession session = detector.newSession();
        Arena arena = Arena.ofConfined()) {
      int width = 97;
      int height = 65;
      ImageView packed = SmallModel.picture(width, height, 7);
      long stride = 3L * width + 13;
      MemorySegment apart = arena.allocate(stride * height);
      for (int y = 0; y < height; y++) {
        MemorySegment.copy(
            packed.pixels(),
            ValueLayout.JAVA_BYTE,
            3L * width * y,
            apart,
            ValueLayout.JAVA_BYTE,
            stride * y,
            3L * width);
      }
      float[] expected = scores(session, packed);
      assertTrue(expected.length > 0);
      assertArrayEquals(
          expected,
          scores(session, new ImageView(apart, PixelFormat.RGB, width, height, stride)),
          0f);
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"VECTOR", "C"})
  void manySizesPassThroughABoundedCache(BackendKind kind) {
    try (Detector detector = open(kind, 1);
        DetectorSession session = detector.newSession()) {
      ImageView first = SmallModel.picture(64, 64, 8);
      float[] expected = scores(session, first);
      for (int i = 0; i < 12; i++) {
        scores(session, SmallModel.picture(64 + 8 * i, 70, i));
      }
      assertArrayEquals(expected, scores(session, first), 0f);
      assertFalse(detector.backend().notChosen().isEmpty());
    }
  }

  /** A larger size, image or batch takes the memory that smaller ones were bound to. */
  @ParameterizedTest
  @EnumSource(names = {"REFERENCE", "VECTOR", "C"})
  void sizesKeepTheirResultsWhenTheMemoryOfASessionGrows(BackendKind kind) {
    List<ImageView> pictures = new ArrayList<>();
    List<float[]> expected = new ArrayList<>();
    try (Detector detector = open(kind, 2)) {
      for (int i = 0; i < 3; i++) {
        pictures.add(SmallModel.picture(64 + 50 * i, 64 + 40 * i, i));
        try (DetectorSession session = detector.newSession()) {
          expected.add(scores(session, pictures.get(i)));
        }
      }
      try (DetectorSession session = detector.newSession()) {
        for (int largest = 0; largest < 3; largest++) {
          for (int i = 0; i <= largest; i++) {
            assertArrayEquals(expected.get(i), scores(session, pictures.get(i)), 0f);
          }
        }
        List<ImageView> batch = List.of(pictures.get(2), pictures.get(2), pictures.get(2));
        List<Detections> found =
            List.of(session.newDetections(), session.newDetections(), session.newDetections());
        session.detect(batch, found, 0);
        session.stages(pictures.get(2), List.of("memory"));
        for (int i = 0; i < 3; i++) {
          assertArrayEquals(expected.get(i), scores(session, pictures.get(i)), 0f);
        }
      }
    }
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

  private Detector open(BackendKind kind, int threads) {
    return TestBackends.build(Detector.builder(model()).threads(threads), kind);
  }

  private Detector openSoft(BackendKind kind, int threads) {
    return TestBackends.build(
        Detector.builder(model()).threads(threads).softNms(SoftNms.BIRDER), kind);
  }

  private Path model() {
    Path folder = model;
    if (folder == null) {
      throw new IllegalStateException("the model was not written");
    }
    return folder;
  }
}
