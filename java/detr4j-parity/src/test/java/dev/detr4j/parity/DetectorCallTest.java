package dev.detr4j.parity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.detr4j.CallListener;
import dev.detr4j.Detection;
import dev.detr4j.Detections;
import dev.detr4j.Detector;
import dev.detr4j.DetectorBuilder;
import dev.detr4j.DetectorLoad;
import dev.detr4j.DetectorSession;
import dev.detr4j.backend.BackendKind;
import dev.detr4j.error.CallCancelledException;
import dev.detr4j.error.DeadlineExceededException;
import dev.detr4j.error.DetectorBusyException;
import dev.detr4j.error.ImageException;
import dev.detr4j.image.ImageView;
import dev.detr4j.image.PixelFormat;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import javax.imageio.ImageIO;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Calls of a detector from any thread: what they return, how long they wait, what ends them. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class DetectorCallTest {
  private static final ImageView PICTURE = SmallModel.picture(96, 64, 1);

  private @Nullable Path model;

  @BeforeAll
  void writeModel(@TempDir Path folder) {
    model = SmallModel.writeBelow(folder);
  }

  private DetectorBuilder detr() {
    return Detector.builder(model).backend(BackendKind.C).threads(2).threshold(0);
  }

  /** A loader that stops a call in its session until it is let go. */
  private static final class Held implements AutoCloseable {
    final CountDownLatch entered = new CountDownLatch(1);
    final CountDownLatch released = new CountDownLatch(1);

    ImageView load() {
      entered.countDown();
      try {
        released.await();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      return PICTURE;
    }

    void release() {
      released.countDown();
    }

    @Override
    public void close() {
      release();
    }
  }

  @Test
  void everyKindOfImageGivesWhatASessionGives(@TempDir Path folder) throws IOException {
    BufferedImage image = awt(PICTURE);
    Path file = folder.resolve("picture.png");
    ImageIO.write(image, "png", file.toFile());
    byte[] encoded = Files.readAllBytes(file);
    try (Detector detector = detr().build();
        DetectorSession session = detector.newSession()) {
      Detections expected = session.newDetections();
      session.detect(PICTURE, expected);
      List<Detection> list = expected.toList();
      assertTrue(list.size() > 1);
      assertEquals(expected.label(1), list.get(1).label());
      assertEquals(expected.labelId(1), list.get(1).labelId());
      assertEquals(expected.score(1), list.get(1).score());
      assertEquals(expected.xMin(1), list.get(1).box().xMin());
      assertEquals(expected.yMax(1), list.get(1).box().yMax());

      assertEquals(list, detector.detect(PICTURE));
      assertEquals(list, detector.detect(file));
      assertEquals(list, detector.detect(encoded));
      assertEquals(list, detector.detect(new ByteArrayInputStream(encoded)));
      assertEquals(list, detector.detect(image));
      assertEquals(list, detector.detect(() -> PICTURE));
      assertEquals(list, detector.detect(bgra(PICTURE)));
    }
  }

  @Test
  void callsAllocateNoMoreThanTheirListForOtherLayouts() {
    try (Detector detector = detr().build();
        DetectorSession session = detector.newSession()) {
      Detections rgb = session.newDetections();
      Detections other = session.newDetections();
      session.detect(PICTURE, rgb);
      session.detect(bgra(PICTURE), other);
      assertEquals(rgb.toList(), other.toList());
    }
  }

  @Test
  void thresholdAndLabelsAreThoseOfTheCall() {
    try (Detector detector = detr().build()) {
      List<Detection> all = detector.detect(PICTURE);
      String label = all.getFirst().label();
      float middle = all.get(all.size() / 2).score();
      assertEquals(
          all.stream().filter(each -> each.label().equals(label)).toList(),
          detector.call().labels(label).detect(PICTURE));
      assertEquals(
          all.stream().filter(each -> each.score() > middle).toList(),
          detector.call().threshold(middle).detect(PICTURE));
      String message =
          assertThrows(
                  IllegalArgumentException.class, () -> detector.call().labels("no such class"))
              .getMessage();
      assertTrue(message.startsWith("the model has no class \"no such class\"; its classes are"));
    }
  }

  /** As Jackson reads it back. */
  @Test
  void theImageIsShownBeforeTheNetworkRuns() {
    try (Detector detector = detr().build()) {
      List<Detection> expected = detector.detect(PICTURE);
      List<ImageView> shown = new ArrayList<>();
      assertEquals(expected, detector.call().onImage(shown::add).detect(PICTURE));
      assertEquals(PICTURE.width(), shown.getFirst().width());
      assertEquals(PICTURE.height(), shown.getFirst().height());
      IllegalStateException refused = new IllegalStateException("seen enough");
      assertSame(
          refused,
          assertThrows(
              IllegalStateException.class,
              () ->
                  detector
                      .call()
                      .onImage(image -> {
                        throw refused;
                      })
                      .threshold(0.5f)
                      .detect(PICTURE)));
    }
  }

  @Test
  void detectionsBecomeJson() throws IOException {
    try (Detector detector = detr().build()) {
      List<Detection> found = detector.detect(PICTURE);
      List<String> members = new ArrayList<>();
      int objects = 0;
      try (JsonParser json = new JsonFactory().createParser(Detection.toJson(found))) {
        for (JsonToken token = json.nextToken(); token != null; token = json.nextToken()) {
          if (token == JsonToken.START_OBJECT) {
            objects++;
          }
          if (token == JsonToken.VALUE_NUMBER_FLOAT && "score".equals(json.currentName())) {
            assertEquals(found.get((objects - 1) / 2).score(), json.getFloatValue());
          }
          if (token == JsonToken.FIELD_NAME && objects <= 2) {
            members.add(json.currentName());
          }
        }
      }
      assertEquals(2 * found.size(), objects);
      assertEquals(
          List.of("label", "label_id", "score", "box", "x_min", "y_min", "x_max", "y_max"),
          members);
    }
  }

  @Test
  void virtualThreadsComputeOnPlatformThreads() throws Exception {
    Set<String> threads = ConcurrentHashMap.newKeySet();
    Set<List<Detection>> results = ConcurrentHashMap.newKeySet();
    try (Detector detector = detr().sessions(2).build();
        ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<?>> running = new ArrayList<>();
      for (int i = 0; i < 50; i++) {
        running.add(
            callers.submit(() ->
                results.add(
                    detector.detect(() -> {
                      assertFalse(Thread.currentThread().isVirtual());
                      threads.add(Thread.currentThread().getName());
                      return PICTURE;
                    }))));
      }
      for (Future<?> each : running) {
        each.get();
      }
      assertEquals(1, results.size());
      assertTrue(detector.memory().sessions() <= 2, detector.memory().toString());
      assertTrue(detector.memory().weightBytes() > 0, detector.memory().toString());
      assertTrue(detector.memory().sessionBytes() > 0, detector.memory().toString());
      assertEquals(new DetectorLoad(2, 0, 0), detector.load());
    }
    assertTrue(threads.size() <= 2, threads.toString());
    threads.forEach(name -> assertTrue(name.startsWith("detr4j-call-"), name));
  }

  @Test
  void whoFindsTheQueueFullIsRefused() throws Exception {
    try (Detector detector = detr().sessions(1).waitingCallers(0).build();
        ExecutorService callers = Executors.newSingleThreadExecutor();
        Held held = new Held()) {
      Future<?> first = callers.submit(() -> detector.detect(held::load));
      held.entered.await();
      assertEquals(
          "the detector is busy: 1 sessions are in use and 0 callers wait, the most that may",
          assertThrows(DetectorBusyException.class, () -> detector.detect(PICTURE)).getMessage());
      assertEquals(new DetectorLoad(1, 1, 0), detector.load());
      held.release();
      first.get();
      assertFalse(detector.detect(PICTURE).isEmpty());
    }
  }

  @Test
  void waitingEndsAtItsLimitOrThatOfTheCall() throws Exception {
    try (Detector detector = detr().sessions(1).waitingTime(Duration.ofMillis(30)).build();
        ExecutorService callers = Executors.newSingleThreadExecutor();
        Held held = new Held()) {
      Future<?> first = callers.submit(() -> detector.detect(held::load));
      held.entered.await();
      assertEquals(
          "the detector is busy: none of its 1 sessions came free within 30 ms",
          assertThrows(DetectorBusyException.class, () -> detector.detect(PICTURE)).getMessage());
      assertEquals(
          "the call did not end within its 10 ms",
          assertThrows(
                  DeadlineExceededException.class,
                  () -> detector.call().timeout(Duration.ofMillis(10)).detect(PICTURE))
              .getMessage());
      assertThrows(
          CallCancelledException.class,
          () -> detector.call().cancelWhen(() -> true).detect(PICTURE));
      held.release();
      first.get();
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aWaitingCallerCanBeInterrupted(boolean virtual) throws Exception {
    try (Detector detector = detr().sessions(1).build();
        ExecutorService callers = Executors.newSingleThreadExecutor();
        Held held = new Held()) {
      Future<?> first = callers.submit(() -> detector.detect(held::load));
      held.entered.await();
      Interrupted second = new Interrupted(virtual, () -> detector.detect(PICTURE));
      while (detector.load().waiting() == 0) {
        Thread.onSpinWait();
      }
      second.check();
      held.release();
      first.get();
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aRunningCallEndsBetweenStepsWhenItsCallerIsInterrupted(boolean virtual) throws Exception {
    try (Detector detector = detr().sessions(1).build()) {
      List<Detection> expected = detector.detect(PICTURE);
      CountDownLatch asked = new CountDownLatch(20);
      Interrupted call =
          new Interrupted(
              virtual,
              () ->
                  detector
                      .call()
                      .cancelWhen(() -> {
                        asked.countDown();
                        // From the twentieth step on, wait for the interrupt to be seen.
                        return asked.getCount() == 0 && slept();
                      })
                      .detect(PICTURE));
      asked.await();
      call.check();
      assertEquals(expected, detector.detect(PICTURE), "the session is as good as before");
    }
  }

  private static boolean slept() {
    try {
      Thread.sleep(1);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return false;
  }

  /** A call on a thread that is to be interrupted. */
  private static final class Interrupted {
    private final AtomicInteger cancelled = new AtomicInteger();
    private final AtomicInteger stillInterrupted = new AtomicInteger();
    private final Thread thread;

    Interrupted(boolean virtual, Runnable call) {
      Runnable run =
          () -> {
            try {
              call.run();
            } catch (CallCancelledException e) {
              assertEquals("the call was interrupted", e.getMessage());
              cancelled.incrementAndGet();
              if (Thread.currentThread().isInterrupted()) {
                stillInterrupted.incrementAndGet();
              }
            }
          };
      thread = virtual ? Thread.startVirtualThread(run) : Thread.ofPlatform().start(run);
    }

    void check() throws InterruptedException {
      thread.interrupt();
      thread.join();
      assertEquals(1, cancelled.get());
      assertEquals(1, stillInterrupted.get());
    }
  }

  @Test
  void aCallIsCancelledBetweenItsSteps() {
    try (Detector detector = detr().sessions(1).build()) {
      List<Detection> expected = detector.detect(PICTURE);
      AtomicInteger steps = new AtomicInteger();
      assertEquals(
          expected,
          detector
              .call()
              .cancelWhen(() -> {
                steps.incrementAndGet();
                return false;
              })
              .detect(PICTURE));
      assertTrue(steps.get() > 20, "asked " + steps + " times");
      for (int last = 1; last <= steps.get(); last++) {
        AtomicInteger left = new AtomicInteger(last);
        assertThrows(
            CallCancelledException.class,
            () -> detector.call().cancelWhen(() -> left.decrementAndGet() == 0).detect(PICTURE));
        assertEquals(0, left.get(), "nobody asks after the answer");
      }
      assertEquals(expected, detector.detect(PICTURE));
    }
  }

  @Test
  void closingRefusesWaitingAndComingCallersAtOnce() throws Exception {
    Detector detector = detr().sessions(1).build();
    try (ExecutorService callers = Executors.newFixedThreadPool(3);
        DetectorSession other = detector.newSession();
        Held held = new Held()) {
      Detections found = other.newDetections();
      other.detect(PICTURE, found);
      Future<List<Detection>> running = callers.submit(() -> detector.detect(held::load));
      held.entered.await();
      Future<?> waiting = callers.submit(() -> detector.detect(PICTURE));
      while (detector.load().waiting() == 0) {
        Thread.onSpinWait();
      }
      Future<?> closing = callers.submit(detector::close);
      assertEquals(
          "the detector is closed",
          assertThrows(ExecutionException.class, waiting::get).getCause().getMessage());
      // From any session, sooner or later: refused, and never anything else.
      assertThrows(
          IllegalStateException.class,
          () -> {
            while (true) {
              other.detect(PICTURE, found);
            }
          });
      assertThrows(IllegalStateException.class, () -> detector.detect(PICTURE));
      // A call that loads its image has not entered the network, so closing does not wait for it.
      closing.get();
      assertFalse(running.isDone());
      held.release();
      assertEquals(
          IllegalStateException.class,
          assertThrows(ExecutionException.class, running::get).getCause().getClass());
    }
  }

  @Test
  void listenersHearHowCallsEnd() throws Exception {
    List<String> heard = new ArrayList<>();
    CallListener listener =
        (outcome, waited, ran, detections) -> {
          assertTrue(waited >= 0 && ran >= 0);
          heard.add(outcome + " " + (detections > 0) + " " + (ran > 0));
        };
    try (Detector detector = detr().sessions(1).waitingCallers(0).build();
        ExecutorService callers = Executors.newSingleThreadExecutor();
        Held held = new Held()) {
      detector.addCallListener(listener);
      detector.detect(PICTURE);
      assertThrows(ImageException.class, () -> detector.detect(new byte[] {1, 2, 3}));
      assertThrows(
          CallCancelledException.class,
          () -> detector.call().cancelWhen(() -> true).detect(PICTURE));
      assertThrows(
          DeadlineExceededException.class,
          () -> detector.call().timeout(Duration.ZERO).detect(PICTURE));
      Future<?> first = callers.submit(() -> detector.detect(held::load));
      held.entered.await();
      assertThrows(DetectorBusyException.class, () -> detector.detect(PICTURE));
      detector.removeCallListener(listener);
      held.release();
      first.get();
    }
    assertEquals(
        List.of(
            "SUCCESS true true",
            "ERROR false true",
            "CANCELLED false true",
            "DEADLINE false true",
            "BUSY false false"),
        heard);
  }

  @Test
  void imagesBeyondTheLimitAreRefused(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("picture.png");
    ImageIO.write(awt(PICTURE), "png", file.toFile());
    try (Detector detector = detr().maxPixels(96 * 64 - 1).build()) {
      assertEquals(
          file + ": image of 96x64 pixels is larger than the limit of 6143 pixels",
          assertThrows(ImageException.class, () -> detector.detect(file)).getMessage());
      assertEquals(
          "image of 96x64 pixels is larger than the limit of 6143 pixels",
          assertThrows(ImageException.class, () -> detector.detect(PICTURE)).getMessage());
    }
  }

  @Test
  void aStreamThatFailsIsAnError() throws IOException {
    InputStream broken = InputStream.nullInputStream();
    broken.close();
    try (Detector detector = detr().build()) {
      assertEquals(
          "image: cannot be read: Stream closed",
          assertThrows(ImageException.class, () -> detector.detect(broken)).getMessage());
      assertEquals(
          "the image cannot be loaded: no camera",
          assertThrows(
                  ImageException.class,
                  () ->
                      detector.detect(() -> {
                        throw new IOException("no camera");
                      }))
              .getMessage());
    }
  }

  @Test
  void warmingUpOpensEverySession() {
    try (Detector detector = detr().sessions(3).build()) {
      assertTrue(detector.warmUp(96, 64).calls() > 0);
      assertEquals(3, detector.memory().sessions());
      assertEquals(new DetectorLoad(3, 0, 0), detector.load());
    }
  }

  private static BufferedImage awt(ImageView view) {
    BufferedImage image =
        new BufferedImage(view.width(), view.height(), BufferedImage.TYPE_INT_RGB);
    for (int y = 0; y < view.height(); y++) {
      for (int x = 0; x < view.width(); x++) {
        int rgb = 0;
        for (int c = 0; c < 3; c++) {
          byte value = view.pixels().get(ValueLayout.JAVA_BYTE, y * view.rowStride() + 3L * x + c);
          rgb = rgb << 8 | (value & 0xff);
        }
        image.setRGB(x, y, rgb);
      }
    }
    return image;
  }

  private static ImageView bgra(ImageView view) {
    byte[] rgb = view.pixels().toArray(ValueLayout.JAVA_BYTE);
    byte[] other = new byte[rgb.length / 3 * 4];
    for (int i = 0; i < rgb.length / 3; i++) {
      other[4 * i] = rgb[3 * i + 2];
      other[4 * i + 1] = rgb[3 * i + 1];
      other[4 * i + 2] = rgb[3 * i];
      other[4 * i + 3] = (byte) i;
    }
    return ImageView.of(PixelFormat.BGRA, other, view.width(), view.height());
  }
}
