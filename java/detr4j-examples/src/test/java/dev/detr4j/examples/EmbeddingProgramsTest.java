package dev.detr4j.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpServer;
import dev.detr4j.Detection;
import dev.detr4j.Detector;
import dev.detr4j.error.CallCancelledException;
import dev.detr4j.image.ImageDecoder;
import dev.detr4j.image.ImageView;
import dev.detr4j.model.codes.CodesModel;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** The programs of docs/embedding.md, run on the default model and its picture. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class EmbeddingProgramsTest {
  private static final Path PICTURE = Path.of("../../docs/pictures/codes.jpg");

  private Detector detector;
  private List<Detection> expected;

  @BeforeAll
  void open() {
    detector = Detector.builder(CodesModel.folder()).sessions(2).build();
    expected = detector.detect(PICTURE);
    assertFalse(expected.isEmpty());
  }

  @AfterAll
  void close() {
    detector.close();
  }

  @Test
  void theEndpointIsMountedInAnotherServer() throws Exception {
    HttpServer server = MountEndpoint.start(detector, 0);
    URI address = URI.create("http://localhost:" + server.getAddress().getPort() + "/");
    try (HttpClient client = HttpClient.newHttpClient()) {
      HttpResponse<String> answer =
          client.send(
              HttpRequest.newBuilder(address.resolve("/detect?threshold=0.5"))
                  .header("Content-Type", "image/jpeg")
                  .POST(HttpRequest.BodyPublishers.ofFile(PICTURE))
                  .build(),
              HttpResponse.BodyHandlers.ofString());
      assertEquals(200, answer.statusCode());
      assertTrue(answer.body().contains(Detection.toJson(expected)), answer.body());
      HttpResponse<String> page =
          client.send(
              HttpRequest.newBuilder(address).build(), HttpResponse.BodyHandlers.ofString());
      assertEquals(
          "text/html; charset=utf-8", page.headers().firstValue("Content-Type").orElse(""));
    } finally {
      server.stop(0);
    }
  }

  @Test
  void theServiceAnswersManyAtOnce() throws Exception {
    HttpServer server = DetectService.start(detector, 0);
    URI address = URI.create("http://localhost:" + server.getAddress().getPort() + "/detect");
    try (HttpClient client = HttpClient.newHttpClient()) {
      List<CompletableFuture<HttpResponse<String>>> answers = new ArrayList<>();
      for (int i = 0; i < 20; i++) {
        answers.add(
            client.sendAsync(
                HttpRequest.newBuilder(address)
                    .POST(HttpRequest.BodyPublishers.ofFile(PICTURE))
                    .build(),
                HttpResponse.BodyHandlers.ofString()));
      }
      for (CompletableFuture<HttpResponse<String>> each : answers) {
        assertEquals(200, each.get().statusCode());
        assertEquals(Detection.toJson(expected), each.get().body());
      }
      HttpResponse<String> refused =
          client.send(
              HttpRequest.newBuilder(address)
                  .POST(HttpRequest.BodyPublishers.ofString("no image"))
                  .build(),
              HttpResponse.BodyHandlers.ofString());
      assertEquals(400, refused.statusCode());
      assertTrue(refused.body().startsWith("image: "), refused.body());
    } finally {
      server.stop(0);
    }
  }

  /** The same picture three times, as a camera with OpenCV would give it. */
  @Test
  void theCameraLoopSeesEachFrame() {
    ImageView rgb = new ImageDecoder().decode(PICTURE);
    byte[] frame = rgb.pixels().toArray(ValueLayout.JAVA_BYTE);
    for (int i = 0; i < frame.length; i += 3) {
      byte red = frame[i];
      frame[i] = frame[i + 2];
      frame[i + 2] = red;
    }
    AtomicInteger left = new AtomicInteger(3);
    int objects =
        CameraFrames.count(
            detector,
            MemorySegment.ofArray(frame),
            rgb.width(),
            rgb.height(),
            () -> left.getAndDecrement() > 0);
    assertEquals(3 * expected.size(), objects);
  }

  @Test
  void aCancelledAnswerEndsItsCall() throws Exception {
    assertEquals(expected, DetectWithDeadline.start(detector, PICTURE).get());

    CountDownLatch ended = new CountDownLatch(1);
    CompletableFuture<List<Detection>> answer = DetectWithDeadline.start(detector, PICTURE);
    detector.addCallListener((outcome, waited, ran, detections) -> ended.countDown());
    answer.cancel(true);
    ended.await();
    assertTrue(answer.isCancelled());
  }

  @Test
  void aBrokenPictureFailsTheAnswer() {
    CompletionException e =
        assertThrows(
            CompletionException.class,
            () -> DetectWithDeadline.start(detector, Path.of("no-such.jpg")).join());
    assertFalse(e.getCause() instanceof CallCancelledException);
    assertInstanceOf(dev.detr4j.error.ImageException.class, e.getCause());
  }
}
