package dev.detr4j.serve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.Base64;
import java.util.Collections;
import java.util.List;
import java.util.zip.CRC32;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What broke other servers, and more of the kind; after each, the server still answers. */
@Timeout(60)
class HostileTest {
  private static final int MOST_BYTES = 1 << 20;
  private static ServedCodes served;

  @BeforeAll
  static void serve() throws IOException {
    served =
        new ServedCodes(settings ->
            settings
                .maxBodyBytes(MOST_BYTES)
                .maxImages(4)
                .bodyTime(Duration.ofSeconds(1))
                .readTime(Duration.ofMillis(500))
                .idleTime(Duration.ofSeconds(1)));
    served.server.endpoint().warmUp(64, 64);
  }

  @AfterAll
  static void stop() {
    served.close();
  }

  @AfterEach
  void stillAnswers() throws Exception {
    assertEquals(200, served.post("/", "image/jpeg", ServedCodes.photo()).statusCode());
  }

  private static String refused(int status, HttpResponse<String> answer) throws IOException {
    assertEquals(status, answer.statusCode(), answer.body());
    JsonValue error = JsonValue.of(answer.body());
    assertEquals(List.of("error", "request_id"), error.names());
    assertEquals(
        error.at("request_id").text(), answer.headers().firstValue("X-Request-Id").orElseThrow());
    String text = error.at("error").text();
    assertFalse(text.contains("\n") || text.contains("java.") || text.contains("/work"), text);
    return text;
  }

  /** Sends bytes as they are, and returns all that comes until the server closes. */
  private static String raw(byte[]... parts) throws IOException {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), served.server.port())) {
      socket.setSoTimeout(20_000);
      try {
        for (byte[] part : parts) {
          socket.getOutputStream().write(part);
          socket.getOutputStream().flush();
        }
      } catch (SocketException e) {
        // The server has closed already.
      }
      return read(socket);
    }
  }

  private static String read(Socket socket) throws IOException {
    ByteArrayOutputStream answer = new ByteArrayOutputStream();
    InputStream in = socket.getInputStream();
    try {
      for (int b = in.read(); b >= 0; b = in.read()) {
        answer.write(b);
      }
    } catch (SocketException e) {
      answer.writeBytes("(reset)".getBytes(StandardCharsets.US_ASCII));
    }
    return answer.toString(StandardCharsets.ISO_8859_1);
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  @Test
  void listensOnTheLoopbackAddressOnly() {
    assertTrue(served.server.uri().getHost().startsWith("127."), served.server.uri().toString());
  }

  @ParameterizedTest
  @CsvSource({
    "PUT, /models/codes, 405",
    "DELETE, /models/codes, 405",
    "PATCH, /, 405",
    "POST, /models, 405",
    "POST, /v2/repository/models/codes/load, 404",
    "POST, /v2/repository/index, 404",
    "PUT, /management, 404",
    "OPTIONS, /score, 405",
    "TRACE, /, 405",
  })
  void noVerbChangesAnything(String method, String path, int status) throws IOException {
    String answer =
        raw(
            ascii(
                method
                    + " "
                    + path
                    + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"));
    assertTrue(answer.startsWith("HTTP/1.1 " + status + " "), answer);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "http://127.0.0.1:1/a.jpg",
        "https://169.254.169.254/latest/meta-data",
        "https://example.com/a.jpg"
      })
  void urlsAreNotFetched(String url) throws Exception {
    String text =
        refused(
            400, served.postJson("/score", "{\"input_data\":{\"data\":[\"%s\"]}}".formatted(url)));
    assertEquals(
        "input_data.data[0] is a URL, and this server fetches none; send the image in Base64",
        text);
  }

  /** A path of letters and slashes is Base64; what it decodes to is no image. */
  @ParameterizedTest
  @CsvSource({
    "/etc/passwd, 422",
    "file:///etc/passwd, 400",
    "../../pom.xml, 400",
    "\\\\\\\\host\\\\share, 400"
  })
  void pathsAreNotOpened(String path, int status) throws Exception {
    String text = refused(status, served.postJson("/", "{\"inputs\":\"%s\"}".formatted(path)));
    assertFalse(text.contains("root:"), text);
  }

  @Test
  void picklesAreRefused() throws Exception {
    assertEquals(
        "image.type is \"numpy\", expected base64 or url",
        refused(
            400,
            served.postJson(
                "/infer/object_detection", "{\"image\":{\"type\":\"numpy\",\"value\":\"gASV\"}}")));
  }

  /** A PNG of few bytes that says it has 10^10 pixels. */
  @Test
  void bombsAreSeenByTheirHeader() throws Exception {
    String text = refused(422, served.post("/", "image/png", bomb(100_000, 100_000)));
    assertTrue(text.contains("100000x100000"), text);
  }

  private static byte[] bomb(int width, int height) throws IOException {
    ByteArrayOutputStream png = new ByteArrayOutputStream();
    png.writeBytes(new byte[] {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'});
    ByteArrayOutputStream header = new ByteArrayOutputStream();
    DataOutputStream fields = new DataOutputStream(header);
    fields.writeInt(width);
    fields.writeInt(height);
    fields.write(new byte[] {8, 2, 0, 0, 0});
    chunk(png, "IHDR", header.toByteArray());
    chunk(png, "IDAT", new byte[] {0x78, (byte) 0x9c, 3, 0, 0, 0, 0, 1}); // deflated: nothing
    chunk(png, "IEND", new byte[0]);
    return png.toByteArray();
  }

  private static void chunk(ByteArrayOutputStream png, String type, byte[] data)
      throws IOException {
    DataOutputStream out = new DataOutputStream(png);
    out.writeInt(data.length);
    out.writeBytes(type);
    out.write(data);
    CRC32 crc = new CRC32();
    crc.update(ascii(type));
    crc.update(data);
    out.writeInt((int) crc.getValue());
  }

  @Test
  void tooManyImages() throws Exception {
    String images = String.join(",", Collections.nCopies(5, "\"AAAA\""));
    assertEquals(
        "the request has 5 images, expected at most 4",
        refused(413, served.postJson("/detect", "{\"images\":[" + images + "]}")));
    assertEquals(
        "the request has no image", refused(400, served.postJson("/detect", "{\"images\":[]}")));
  }

  @Test
  void aLargeBodyThatSaysSo() throws Exception {
    assertEquals(
        "the body is larger than 1048576 bytes",
        refused(413, served.post("/", "image/jpeg", new byte[MOST_BYTES + 1])));
  }

  /** A server reads a chunk as a whole, so that a client could name its own memory. */
  @Test
  void aBodyInChunks() throws IOException {
    String head =
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/jpeg\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (String chunk :
        List.of("10\r\n0123456789abcdef\r\n0\r\n\r\n", "7fffffff\r\nabc", "f".repeat(100_000))) {
      String answer = raw(ascii(head), ascii(chunk));
      assertTrue(answer.startsWith("HTTP/1.1 411 ") || answer.equals("(reset)"), answer);
    }
  }

  /** 200 answers that nobody takes: the connection is closed after the idle time. */
  @Test
  void aClientThatDoesNotRead() throws Exception {
    try (Socket socket = new Socket()) {
      socket.setReceiveBufferSize(1024);
      socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), served.server.port()));
      byte[] requests = ascii("GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(500));
      Thread sender =
          Thread.startVirtualThread(() -> {
            try {
              socket.getOutputStream().write(requests);
            } catch (IOException e) {
              // The server has closed.
            }
          });
      Thread.sleep(4_000); // idle time 1 s, looked at every second
      sender.join(10_000);
      assertFalse(sender.isAlive());
      assertThrows(
          IOException.class,
          () -> {
            for (int i = 0; i < 100; i++) {
              socket.getOutputStream().write(requests);
              Thread.sleep(10);
            }
          });
    }
  }

  @ParameterizedTest
  @CsvSource({
    "text/plain, 415",
    "video/mp4, 415",
    "image/jpeg, 422",
    "application/octet-stream, 422",
    "application/json, 400",
    "multipart/form-data, 400",
    "multipart/form-data; boundary=x, 400",
    "';;;', 422"
  })
  void bodiesThatAreNoImage(String type, int status) throws Exception {
    refused(status, served.post("/", type, ascii("not an image")));
  }

  @Test
  void anEmptyBody() throws Exception {
    assertEquals(
        "the body is empty, expected an image or JSON",
        refused(400, served.post("/", "image/jpeg", new byte[0])));
  }

  @Test
  void jsonInAnotherEncoding() throws Exception {
    byte[] body = "{\"model\":\"codes\",\"image\":\"AAAA\"}".getBytes(StandardCharsets.UTF_16BE);
    assertEquals(
        "the body is not in UTF-8", refused(400, served.post("/detect", "application/json", body)));
  }

  @Test
  void aTruncatedImage() throws Exception {
    byte[] photo = ServedCodes.photo();
    refused(422, served.post("/", "image/jpeg", Arrays.copyOf(photo, photo.length / 2)));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "threshold=2",
        "threshold=NaN",
        "threshold=x",
        "timeout=0",
        "timeout=-1",
        "labels=unicorn",
        "threshold=%zz"
      })
  void wrongOptions(String query) throws Exception {
    HttpResponse<String> answer =
        served.post("/detect?" + query.replace("%", "%25"), "image/jpeg", ServedCodes.photo());
    refused(400, answer);
  }

  @Test
  void unknownModels() throws Exception {
    refused(404, served.post("/detect?model=cats", "image/jpeg", ServedCodes.photo()));
    refused(404, served.post("/models/../../etc/passwd", "image/jpeg", ServedCodes.photo()));
    refused(
        404,
        served.postJson(
            "/infer/object_detection",
            "{\"model_id\":\"cats\",\"image\":{\"type\":\"base64\",\"value\":\"AAAA\"}}"));
  }

  @Test
  void headersThatAreTooLong() throws IOException {
    String answer =
        raw(ascii("GET / HTTP/1.1\r\nHost: localhost\r\nX: " + "a".repeat(100_000) + "\r\n\r\n"));
    assertTrue(answer.startsWith("HTTP/1.1 4") || answer.equals("(reset)"), answer);
  }

  @Test
  void pathsThatAreTooLong() throws IOException {
    String answer =
        raw(ascii("GET /" + "a".repeat(100_000) + " HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    assertTrue(answer.startsWith("HTTP/1.1 4") || answer.equals("(reset)"), answer);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\r\n\r\n",
        "GET\r\n\r\n",
        "GET / HTTP/9.9\r\nHost: localhost\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx",
        "GET /%zz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
      })
  void whatIsNoHttp(String request) throws IOException {
    String answer = raw(ascii(request));
    assertTrue(
        answer.isEmpty()
            || answer.equals("(reset)")
            || answer.startsWith("HTTP/1.1 4")
            || answer.startsWith("HTTP/1.1 5"),
        answer);
    assertFalse(answer.contains("Exception") || answer.contains("java."), answer);
  }

  @Test
  void aBodyThatComesSlowly() throws IOException {
    byte[][] parts = new byte[21][];
    parts[0] = ascii("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n");
    long begun = System.nanoTime();
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), served.server.port())) {
      socket.setSoTimeout(20_000);
      socket.getOutputStream().write(parts[0]);
      Thread drip =
          Thread.startVirtualThread(() -> {
            try {
              for (int i = 0; i < 1000; i++) {
                Thread.sleep(100);
                socket.getOutputStream().write('x');
              }
            } catch (IOException | InterruptedException e) {
              // The server has closed.
            }
          });
      String answer = read(socket);
      assertTrue(answer.startsWith("HTTP/1.1 408 "), answer);
      drip.interrupt();
    }
    assertTrue(System.nanoTime() - begun < 10_000_000_000L);
  }

  @Test
  void aBodyThatStops() throws IOException {
    String answer =
        raw(ascii("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nabc"));
    assertTrue(answer.startsWith("HTTP/1.1 408 "), answer);
  }

  @Test
  void aHeadThatComesSlowly() throws Exception {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), served.server.port())) {
      socket.setSoTimeout(20_000);
      socket.getOutputStream().write(ascii("GET / HTTP/1.1\r\nHost: localhost\r\nX: "));
      Thread drip =
          Thread.startVirtualThread(() -> {
            try {
              for (int i = 0; i < 1000; i++) {
                Thread.sleep(100);
                socket.getOutputStream().write('x');
              }
            } catch (IOException | InterruptedException e) {
              // The server has closed.
            }
          });
      String answer = read(socket);
      assertFalse(answer.contains("200"), answer);
      drip.interrupt();
    }
  }

  @Test
  void aConnectionThatSaysNothing() throws IOException {
    assertFalse(raw().contains("200"));
  }

  @Test
  void requestIdsOfClientsAreKeptIfTheyAreHarmless() throws Exception {
    assertEquals(
        "abc-1",
        served
            .post("/detect", "image/jpeg", ascii("x"), "X-Request-Id", "abc-1")
            .headers()
            .firstValue("X-Request-Id")
            .orElseThrow());
    String other =
        served
            .post("/detect", "image/jpeg", ascii("x"), "X-Request-Id", "a b<script>")
            .headers()
            .firstValue("X-Request-Id")
            .orElseThrow();
    assertTrue(other.matches("[0-9a-f]{16}"), other);
  }

  @Test
  void base64OfABombInABatchNamesItsPlace() throws Exception {
    String photo = ServedCodes.photoBase64();
    String bomb = Base64.getEncoder().encodeToString(bomb(100_000, 100_000));
    String text =
        refused(
            422,
            served.postJson(
                "/score", "{\"input_data\":{\"data\":[\"%s\",\"%s\"]}}".formatted(photo, bomb)));
    assertTrue(text.startsWith("input_data.data[1]: "), text);
  }
}
