package dev.detr4j.serve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.detr4j.CallListener;
import dev.detr4j.serve.exchange.ServeAnswer;
import dev.detr4j.serve.exchange.ServeRequest;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a server does beside detecting: tokens, readiness, overload, stops, clients that leave. */
@Timeout(120)
class EndpointTest {
  @Test
  void theTokenGuardsAllButPageAndProbes() throws Exception {
    try (ServedCodes served = new ServedCodes(settings -> settings.token("secret"))) {
      served.server.endpoint().warmUp(64, 64);
      for (String open : List.of("/", "/page.css", "/healthz", "/ping", "/v2/health/ready")) {
        assertEquals(200, served.get(open).statusCode(), open);
      }
      for (String closed : List.of("/metrics", "/models", "/v2", "/v2/models/codes")) {
        HttpResponse<String> answer = served.get(closed);
        assertEquals(401, answer.statusCode(), closed);
        assertEquals("Bearer", answer.headers().firstValue("WWW-Authenticate").orElseThrow());
      }
      byte[] photo = ServedCodes.photo();
      for (String wrong : List.of("Bearer secre", "Bearer secret2", "Basic secret", "secret")) {
        assertEquals(
            401, served.post("/", "image/jpeg", photo, "Authorization", wrong).statusCode(), wrong);
      }
      assertEquals(
          200,
          served.post("/", "image/jpeg", photo, "Authorization", "bearer secret").statusCode());
    }
  }

  @Test
  void isReadyWhenWarmAndNoMoreWhenItStops() throws Exception {
    try (ServedCodes served = new ServedCodes(settings -> settings)) {
      assertEquals(200, served.get("/v2/health/live").statusCode());
      for (String path : List.of("/v2/health/ready", "/ping", "/readiness")) {
        assertEquals(503, served.get(path).statusCode(), path);
      }
      served.server.endpoint().warmUp(64, 64);
      assertEquals(200, served.get("/v2/health/ready").statusCode());
      served.server.endpoint().announceStop();
      HttpResponse<String> answer = served.get("/v2/health/ready");
      assertEquals(503, answer.statusCode());
      assertEquals("close", answer.headers().firstValue("Connection").orElseThrow());
      assertEquals(200, served.post("/", "image/jpeg", ServedCodes.photo()).statusCode());
    }
  }

  /** Requests that were sent before the stop are answered, and the stop waits for them. */
  @Test
  void aStopLosesNoRequest() throws Exception {
    ServedCodes served = new ServedCodes(settings -> settings);
    served.server.endpoint().warmUp(64, 64);
    byte[] photo = ServedCodes.photo();
    int requests = 30;
    CountDownLatch begun = new CountDownLatch(1);
    List<Integer> answers = new CopyOnWriteArrayList<>();
    served.detector.addCallListener((outcome, waited, ran, found) -> begun.countDown());
    List<Thread> clients = new ArrayList<>();
    for (int i = 0; i < requests; i++) {
      clients.add(
          Thread.startVirtualThread(() -> {
            try {
              answers.add(served.post("/", "image/jpeg", photo).statusCode());
            } catch (IOException | InterruptedException e) {
              answers.add(-1);
            }
          }));
    }
    begun.await();
    while (atHand(served) + answers.size() < requests) {
      Thread.sleep(1);
    }
    served.server.close();
    for (Thread each : clients) {
      each.join();
    }
    assertEquals(Collections.nCopies(requests, 200), answers);
    assertThrows(IOException.class, () -> served.get("/"));
    served.close();
  }

  private static int atHand(ServedCodes served) throws Exception {
    return (int) metric(served, "detr4j_requests_open");
  }

  private static double metric(ServedCodes served, String name) throws Exception {
    return served
        .get("/metrics")
        .body()
        .lines()
        .filter(line -> line.startsWith(name + " "))
        .mapToDouble(line -> Double.parseDouble(line.substring(name.length() + 1)))
        .findFirst()
        .orElseThrow();
  }

  /** Ten times as many clients as can be served: each gets its answer, 503 or 504, in time. */
  @Test
  void overloadIsAnsweredEarly() throws Exception {
    Duration timeout = Duration.ofMillis(1_500);
    try (ServedCodes served = new ServedCodes(settings -> settings.timeout(timeout).queue(8))) {
      served.server.endpoint().warmUp(64, 64);
      byte[] photo = ServedCodes.photo();
      Map<Integer, AtomicInteger> statuses = new ConcurrentHashMap<>();
      AtomicInteger withoutRetryAfter = new AtomicInteger();
      List<Thread> clients = new ArrayList<>();
      for (int i = 0; i < 40; i++) {
        clients.add(
            Thread.startVirtualThread(() -> {
              try {
                for (int k = 0; k < 5; k++) {
                  HttpResponse<String> answer = served.post("/", "image/jpeg", photo);
                  statuses
                      .computeIfAbsent(answer.statusCode(), _ -> new AtomicInteger())
                      .incrementAndGet();
                  if (answer.statusCode() == 503
                      && answer.headers().firstValue("Retry-After").isEmpty()) {
                    withoutRetryAfter.incrementAndGet();
                  }
                }
              } catch (IOException | InterruptedException e) {
                statuses.computeIfAbsent(-1, _ -> new AtomicInteger()).incrementAndGet();
              }
            }));
      }
      for (Thread each : clients) {
        each.join();
      }
      assertTrue(statuses.get(200).get() >= 5, statuses.toString());
      assertTrue(statuses.get(503).get() >= 5, statuses.toString());
      statuses
          .keySet()
          .forEach(each -> assertTrue(List.of(200, 503, 504).contains(each), statuses.toString()));
      assertEquals(0, withoutRetryAfter.get());
      assertEquals(0, atHand(served));
      assertEquals(0, metric(served, "detr4j_bodies_bytes"));
    }
  }

  @Test
  void aRequestWithoutTimeGets504Or503() throws Exception {
    try (ServedCodes served = new ServedCodes(settings -> settings)) {
      served.server.endpoint().warmUp(64, 64);
      HttpResponse<String> answer =
          served.post("/detect?timeout=0.0001", "image/jpeg", ServedCodes.photo());
      assertTrue(List.of(503, 504).contains(answer.statusCode()), answer.body());
    }
  }

  /** A client that closes its connection cancels its call, which would take hundreds of images. */
  @Test
  void aClientThatLeavesCancelsItsCalls() throws Exception {
    List<CallListener.Outcome> outcomes = new CopyOnWriteArrayList<>();
    List<RequestLog.Entry> log = new CopyOnWriteArrayList<>();
    try (ServedCodes served =
        new ServedCodes(
            settings -> settings.maxImages(2_000).maxBodyBytes(1 << 28).log(log::add))) {
      served.server.endpoint().warmUp(64, 64);
      served.detector.addCallListener((outcome, waited, ran, found) -> outcomes.add(outcome));
      String photo = '"' + ServedCodes.photoBase64() + '"';
      byte[] body =
          "{\"images\":[%s]}"
              .formatted(String.join(",", Collections.nCopies(1_500, photo)))
              .getBytes(StandardCharsets.US_ASCII);
      try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), served.server.port())) {
        socket
            .getOutputStream()
            .write(
                ("POST /detect HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: "
                        + body.length
                        + "\r\n\r\n")
                    .getBytes(StandardCharsets.US_ASCII));
        socket.getOutputStream().write(body);
        while (outcomes.size() < 3) {
          Thread.sleep(5);
        }
      }
      while (log.stream().noneMatch(each -> each.route().equals("detr4j"))) {
        Thread.sleep(5);
      }
      assertEquals(
          499,
          log.stream()
              .filter(each -> each.route().equals("detr4j"))
              .findFirst()
              .orElseThrow()
              .status());
      assertTrue(outcomes.size() < 1_500, outcomes.size() + " images were computed");
      assertEquals(0, metric(served, "detr4j_requests_open"));
    }
  }

  /** Beyond its body, a client may send its next request already: that is not leaving. */
  @Test
  void aClientThatSendsItsNextRequestEarlyIsServed() throws Exception {
    try (ServedCodes served = new ServedCodes(settings -> settings)) {
      served.server.endpoint().warmUp(64, 64);
      byte[] photo = ServedCodes.photo();
      String head =
          "POST /score HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n"
              .formatted(photo.length);
      try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), served.server.port())) {
        for (int i = 0; i < 40; i++) {
          socket.getOutputStream().write(head.getBytes(StandardCharsets.US_ASCII));
          socket.getOutputStream().write(photo);
        }
        socket
            .getOutputStream()
            .write(
                "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
                    .getBytes(StandardCharsets.US_ASCII));
        String answers =
            new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
        assertEquals(41, answers.split("HTTP/1.1 200 ", -1).length - 1);
      }
    }
  }

  /** A page of the web whose name was made to lead here. */
  @Test
  void withoutATokenOnlyThisMachinesNamesAreAnswered() throws Exception {
    try (ServedCodes served =
        new ServedCodes(settings -> settings.allowHosts(List.of("Photos.example.com")))) {
      for (String host :
          List.of("localhost", "LOCALHOST:80", "127.0.0.1:8080", "[::1]:1", "photos.example.com")) {
        assertEquals(200, statusFor(served, "Host: " + host), host);
      }
      for (String host :
          List.of("evil.example", "127.0.0.1.evil.example", "localhost.evil.example:8080")) {
        assertEquals(403, statusFor(served, "Host: " + host), host);
      }
      assertEquals(403, statusFor(served, "Host: localhost\r\nSec-Fetch-Site: cross-site"));
      assertEquals(200, statusFor(served, "Host: localhost\r\nSec-Fetch-Site: same-origin"));
    }
    try (ServedCodes served = new ServedCodes(settings -> settings.token("secret"))) {
      assertEquals(200, statusFor(served, "Host: photos.example.com"));
    }
  }

  private static int statusFor(ServedCodes served, String headers) throws IOException {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), served.server.port())) {
      socket
          .getOutputStream()
          .write(
              "GET /healthz HTTP/1.1\r\nConnection: close\r\n%s\r\n\r\n"
                  .formatted(headers)
                  .getBytes(StandardCharsets.US_ASCII));
      String answer =
          new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
      return Integer.parseInt(answer.substring(9, 12));
    }
  }

  /** Long before it would be closed for being idle. */
  @Test
  void aConnectionIsClosedWhereTheClientAsksForIt() throws Exception {
    try (ServedCodes served =
            new ServedCodes(settings -> settings.idleTime(Duration.ofMinutes(10)));
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), served.server.port())) {
      socket.setSoTimeout(30_000);
      socket
          .getOutputStream()
          .write(
              "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
                  .getBytes(StandardCharsets.US_ASCII));
      String answer =
          new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
      assertTrue(answer.startsWith("HTTP/1.1 200 "), answer);
    }
  }

  @Test
  void anApplicationMountsTheEndpointInItsOwnServer() throws Exception {
    try (ServedCodes served = new ServedCodes(settings -> settings)) {
      DetectionEndpoint endpoint =
          DetectionEndpoint.builder().model("a/b", served.detector).build();
      byte[] photo = ServedCodes.photo();
      ServeAnswer answer = endpoint.answer(request("POST", "/models/a/b", photo));
      assertEquals(200, answer.status());
      assertEquals(
          4, JsonValue.of(new String(answer.body(), StandardCharsets.UTF_8)).list().size());
      assertEquals(200, endpoint.answer(request("POST", "/predictions/a%2Fb", photo)).status());
      assertEquals(404, endpoint.answer(request("POST", "/predictions/a%2Fc", photo)).status());
      assertEquals(List.of("a/b"), endpoint.models());
      assertTrue(endpoint.awaitIdle(Duration.ofSeconds(1)));
      assertFalse(endpoint.ready());
    }
  }

  private static ServeRequest request(String method, String path, byte[] body) {
    return new ServeRequest() {
      @Override
      public String method() {
        return method;
      }

      @Override
      public String path() {
        return path;
      }

      @Override
      public String query() {
        return "";
      }

      @Override
      public String header(String name) {
        return null;
      }

      @Override
      public InputStream body() {
        return new ByteArrayInputStream(body);
      }
    };
  }

  @Test
  void anErrorOfTheEndpointIsAnAnswerAndALineInTheLog() throws Exception {
    List<Throwable> faults = new CopyOnWriteArrayList<>();
    try (ServedCodes served = new ServedCodes(settings -> settings)) {
      DetectionEndpoint endpoint =
          DetectionEndpoint.builder()
              .model("codes", served.detector)
              .log(
                  new RequestLog() {
                    @Override
                    public void request(Entry entry) {}

                    @Override
                    public void fault(String id, Throwable error) {
                      faults.add(error);
                    }
                  })
              .build();
      served.detector.close();
      ServeAnswer answer = endpoint.answer(request("POST", "/", ServedCodes.photo()));
      assertEquals(500, answer.status());
      assertNotEquals(0, faults.size());
      assertFalse(new String(answer.body(), StandardCharsets.UTF_8).contains("closed"));
    }
  }
}
