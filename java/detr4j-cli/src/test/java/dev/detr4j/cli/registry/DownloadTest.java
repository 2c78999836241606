package dev.detr4j.cli.registry;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.detr4j.cli.registry.ScriptedServer.Script;
import java.io.IOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** One file from servers that behave badly. */
@Timeout(60)
class DownloadTest {
  /** How long silence lasts where that is not the matter: longer than a busy machine is. */
  private static final Duration STALL = Duration.ofSeconds(20);

  @TempDir Path folder;

  private FetchLimits limits = limits(STALL);

  private static FetchLimits limits(Duration stall) {
    return new FetchLimits(
        1 << 16, 1 << 22, 4, 20, Duration.ofMillis(1), Duration.ofMillis(20), stall);
  }

  private final List<String> messages = new ArrayList<>();
  private final FetchProgress progress =
      new FetchProgress() {
        @Override
        public void update(String file, long done, long total) {}

        @Override
        public void message(String line) {
          messages.add(line);
        }
      };

  /** A well-formed safetensors file with one tensor. */
  static byte[] weights(int floats, long seed) {
    byte[] header =
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[%d],\"data_offsets\":[0,%d]}}"
            .formatted(floats, 4 * floats)
            .getBytes(StandardCharsets.US_ASCII);
    ByteBuffer file =
        ByteBuffer.allocate(8 + header.length + 4 * floats).order(ByteOrder.LITTLE_ENDIAN);
    file.putLong(header.length).put(header);
    Random random = new Random(seed);
    for (int i = 0; i < floats; i++) {
      file.putFloat(random.nextFloat());
    }
    return file.array();
  }

  static String sha256(byte[] content) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
    } catch (java.security.NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }

  private Path target() {
    return folder.resolve("model.safetensors");
  }

  private void download(URI url, ModelSettings settings, @Nullable String sha256) {
    try (HubClient client = new HubClient(settings, STALL, "detr4j/test")) {
      new Download(client, limits, progress, url, target(), sha256).run();
    }
  }

  private void download(ScriptedServer server, @Nullable String sha256) {
    download(server.address().resolve("/a/model.safetensors"), settings(server, null), sha256);
  }

  private ModelSettings settings(ScriptedServer hub, @Nullable String token) {
    return new ModelSettings(folder, folder.resolve("hub"), null, hub.address(), token, false);
  }

  private List<String> left() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  private void arrives(byte[] expected, @Nullable String sha256, Script script) throws IOException {
    try (ScriptedServer server = new ScriptedServer(script)) {
      download(server, sha256);
    }
    assertArrayEquals(expected, Files.readAllBytes(target()));
    assertEquals(List.of("model.safetensors"), left());
  }

  /** Fails in one line with these words, and nothing stands under the final name. */
  private void fails(@Nullable String sha256, Script script, String... words) throws IOException {
    try (ScriptedServer server = new ScriptedServer(script)) {
      FetchException error = assertThrows(FetchException.class, () -> download(server, sha256));
      String message = String.valueOf(error.getMessage());
      assertEquals(1, message.lines().count(), message);
      for (String word : words) {
        assertTrue(message.contains(word), message);
      }
    }
    assertFalse(Files.exists(target()));
  }

  @Test
  void aWholeFileIsChecked() throws IOException {
    byte[] content = weights(5000, 1);
    arrives(
        content,
        sha256(content).substring(0, 8),
        (request, out) -> ScriptedServer.serve(request, out, content, "v1"));
  }

  @Test
  void aBrokenConnectionIsTakenUp() throws IOException {
    byte[] content = weights(20_000, 2);
    arrives(
        content,
        null,
        (request, out) -> {
          if (request.number() <= 2) {
            assertEquals(request.number() == 1 ? 0 : 30_000, request.from());
            ScriptedServer.head(
                out,
                request.number() == 1 ? 200 : 206,
                "ETag: \"v1\"",
                "Content-Length: " + (content.length - request.from()),
                "Content-Range: bytes %d-%d/%d"
                    .formatted(request.from(), content.length - 1, content.length));
            out.write(content, request.from(), 30_000);
          } else {
            assertEquals("\"v1\"", request.headers().get("if-range"));
            assertEquals(60_000, request.from());
            ScriptedServer.serve(request, out, content, "v1");
          }
        });
    assertEquals(2, messages.size(), messages::toString);
  }

  @Test
  void aLaterProcessGoesOn() throws IOException {
    byte[] content = weights(20_000, 3);
    fails(
        null,
        (request, out) -> {
          if (request.number() == 1) {
            ScriptedServer.serveCutOff(out, content, "v1", 40_000);
          } else {
            ScriptedServer.head(out, 503);
          }
        },
        "HTTP 503",
        "40000 bytes are kept");
    assertEquals(List.of("model.safetensors.part", "model.safetensors.part.from"), left());
    // Another address is another file.
    try (ScriptedServer server =
        new ScriptedServer((request, out) -> {
          assertNull(request.headers().get("range"));
          ScriptedServer.serve(request, out, content, "v1");
        })) {
      download(server, null);
    }
    assertArrayEquals(content, Files.readAllBytes(target()));
  }

  @Test
  void theSameAddressIsTakenUpInALaterProcess() throws IOException {
    byte[] content = weights(20_000, 4);
    List<Integer> starts = new ArrayList<>();
    boolean[] down = {true};
    try (ScriptedServer server =
        new ScriptedServer((request, out) -> {
          starts.add(request.from());
          if (request.number() == 1) {
            ScriptedServer.serveCutOff(out, content, "v1", 40_000);
          } else if (down[0]) {
            ScriptedServer.head(out, 500);
          } else {
            ScriptedServer.serve(request, out, content, "v1");
          }
        })) {
      assertThrows(FetchException.class, () -> download(server, null));
      down[0] = false;
      download(server, null);
    }
    assertEquals(40_000, starts.getLast());
    assertArrayEquals(content, Files.readAllBytes(target()));
    assertEquals(List.of("model.safetensors"), left());
  }

  @Test
  void aServerWithoutRangesBeginsAgain() throws IOException {
    byte[] content = weights(20_000, 5);
    arrives(
        content,
        null,
        (request, out) ->
            ScriptedServer.serveCutOff(
                out, content, "v1", request.number() == 1 ? 30_000 : content.length));
  }

  @Test
  void aFileThatChangedBeginsAgain() throws IOException {
    byte[] first = weights(20_000, 6);
    byte[] second = weights(21_000, 7);
    arrives(
        second,
        sha256(second),
        (request, out) -> {
          if (request.number() == 1) {
            ScriptedServer.serveCutOff(out, first, "v1", 30_000);
          } else {
            ScriptedServer.serve(request, out, second, "v2");
          }
        });
  }

  @Test
  void aChangeThatTheServerOverlooksIsNoticed() throws IOException {
    byte[] first = weights(20_000, 8);
    byte[] second = weights(20_000, 9);
    // The server honours the range whatever If-Range says: another tag, the same size.
    arrives(
        second,
        null,
        (request, out) -> {
          if (request.number() == 1) {
            ScriptedServer.serveCutOff(out, first, "v1", 30_000);
          } else if (request.from() > 0) {
            ScriptedServer.head(
                out,
                206,
                "ETag: \"v2\"",
                "Content-Length: " + (second.length - request.from()),
                "Content-Range: bytes %d-%d/%d"
                    .formatted(request.from(), second.length - 1, second.length));
            out.write(second, request.from(), second.length - request.from());
          } else {
            ScriptedServer.serve(request, out, second, "v2");
          }
        });
    // Without any tag only the digest tells.
    Files.delete(target());
    arrives(
        second,
        sha256(second),
        (request, out) -> {
          byte[] content = request.number() == 1 ? first : second;
          String range =
              "Content-Range: bytes %d-%d/%d"
                  .formatted(request.from(), content.length - 1, content.length);
          ScriptedServer.head(
              out,
              request.from() > 0 ? 206 : 200,
              "Content-Length: " + (content.length - request.from()),
              request.from() > 0 ? range : "X-None: 0");
          int length = request.number() == 1 ? 30_000 : content.length - request.from();
          out.write(content, request.from(), length);
        });
  }

  @Test
  void aRangeThatWasNotAskedForIsRefused() throws IOException {
    byte[] content = weights(20_000, 10);
    arrives(
        content,
        null,
        (request, out) -> {
          if (request.number() == 1) {
            ScriptedServer.serveCutOff(out, content, "v1", 30_000);
          } else if (request.number() == 2) {
            ScriptedServer.head(
                out,
                206,
                "Content-Length: 10",
                "Content-Range: bytes 5-14/" + content.length,
                "ETag: \"v1\"");
            out.write(content, 5, 10);
          } else {
            ScriptedServer.serve(request, out, content, "v1");
          }
        });
  }

  @Test
  void aConnectionThatFallsSilentIsGivenUp() throws IOException {
    byte[] content = weights(20_000, 11);
    limits = limits(Duration.ofSeconds(1));
    fails(
        null,
        (request, out) -> {
          ScriptedServer.serveCutOff(out, content, "v1", 1000);
          out.flush();
          Thread.sleep(Duration.ofSeconds(30));
        },
        "no data for",
        "1000 bytes are kept");
  }

  @Test
  void lengthsAreNotBelieved() throws IOException {
    byte[] content = weights(20_000, 12);
    // Less than there is: what arrives is no whole file, and with a digest it is the wrong one.
    Script cut =
        (request, out) -> {
          ScriptedServer.head(out, 200, "ETag: \"v1\"", "Content-Length: 50000");
          out.write(content);
        };
    fails(null, cut, "damaged", "nothing was kept");
    assertEquals(List.of(), left());
    fails(sha256(content), cut, "SHA-256", "nothing was kept");
    // More than anybody has room for.
    fails(
        null,
        (request, out) -> {
          ScriptedServer.head(out, 200, "Content-Length: 900000000000000000");
          out.write(content);
        },
        "900000000000000000 bytes, expected at most");
    // No length, and no end either.
    fails(
        null,
        (request, out) -> {
          ScriptedServer.head(out, 200);
          while (true) {
            out.write(content);
          }
        },
        "sends more than");
    assertEquals(List.of(), left());
    // The hub and the server that has the file do not agree.
    fails(
        null,
        (request, out) -> {
          if (request.path().startsWith("/a/")) {
            ScriptedServer.head(out, 302, "Location: /b", "X-Linked-Size: 77", "Content-Length: 0");
          } else {
            ScriptedServer.serve(request, out, content, "v1");
          }
        },
        "the hub says that it has 77 bytes");
  }

  @Test
  void anUnknownLengthIsFine() throws IOException {
    byte[] content = weights(5000, 13);
    arrives(
        content,
        sha256(content),
        (request, out) -> {
          ScriptedServer.head(out, 200, "ETag: \"v1\"");
          out.write(content);
        });
  }

  @Test
  void redirectsAreFollowedAndTheTokenStaysHome() throws IOException {
    byte[] content = weights(5000, 14);
    try (ScriptedServer store =
            new ScriptedServer((request, out) -> {
              assertNull(request.headers().get("authorization"));
              ScriptedServer.serve(request, out, content, "other-tag");
            });
        ScriptedServer hub =
            new ScriptedServer((request, out) -> {
              assertEquals("Bearer secret", request.headers().get("authorization"));
              boolean first = request.path().startsWith("/a/");
              ScriptedServer.head(
                  out,
                  first ? 307 : 302,
                  "Location: " + (first ? "/moved" : store.address() + "/blob?x=1"),
                  "X-Linked-Etag: \"" + sha256(content) + "\"",
                  "X-Linked-Size: " + content.length,
                  "Content-Length: 0");
            })) {
      download(hub.address().resolve("/a/model"), settings(hub, "secret"), null);
      assertEquals(2, hub.requests().size());
      assertEquals("/blob?x=1", store.requests().getFirst().path());
    }
    assertArrayEquals(content, Files.readAllBytes(target()));
  }

  @Test
  void theHubsDigestCounts() throws IOException {
    byte[] content = weights(5000, 15);
    fails(
        null,
        (request, out) -> {
          if (request.path().startsWith("/a/")) {
            ScriptedServer.head(
                out,
                302,
                "Location: /b",
                "X-Linked-Etag: \"" + "ab".repeat(32) + "\"",
                "Content-Length: 0");
          } else {
            ScriptedServer.serve(request, out, content, "v1");
          }
        },
        "the hub says abab");
    assertEquals(List.of(), left());
  }

  @Test
  void badRedirectsAreErrors() throws IOException {
    fails(
        null,
        (request, out) -> ScriptedServer.head(out, 302, "Location: /again", "Content-Length: 0"),
        "more than 10 redirects");
    fails(
        null,
        (request, out) ->
            ScriptedServer.head(out, 302, "Location: file:///etc/passwd", "Content-Length: 0"),
        "expected an http or https address");
  }

  @Test
  void answersThatAreNoFile() throws IOException {
    fails(null, status(404), "there is no such file (HTTP 404)");
    fails(null, status(401), "access denied (HTTP 401)", "HF_TOKEN");
    fails(null, status(418), "unexpected answer (HTTP 418)");
    fails(null, status(500), "the server failed (HTTP 500), 4 attempts; no data arrived");
    fails(
        null,
        (request, out) -> {
          ScriptedServer.head(out, 200, "Content-Type: text/html; charset=utf-8");
          out.write("<html>".getBytes(StandardCharsets.US_ASCII));
        },
        "a web page");
    fails(
        null,
        (request, out) -> {
          ScriptedServer.head(out, 200);
          out.write("not a checkpoint at all".getBytes(StandardCharsets.US_ASCII));
        },
        "damaged");
    assertEquals(List.of(), left());
  }

  private static Script status(int status) {
    return (request, out) -> ScriptedServer.head(out, status, "Content-Length: 0");
  }

  @Test
  void aServerThatAsksForPatienceGetsIt() throws IOException {
    byte[] content = weights(5000, 16);
    arrives(
        content,
        null,
        (request, out) -> {
          if (request.number() <= 2) {
            ScriptedServer.head(out, 429, "Retry-After: 3600", "Content-Length: 0");
          } else {
            ScriptedServer.serve(request, out, content, "v1");
          }
        });
    assertTrue(messages.getFirst().contains("asks to wait"), messages::toString);
  }

  @Test
  void nobodyListens() throws IOException {
    ScriptedServer server = new ScriptedServer((request, out) -> {});
    server.close();
    FetchException error = assertThrows(FetchException.class, () -> download(server, null));
    assertTrue(String.valueOf(error.getMessage()).contains("connection failed"), error::getMessage);
  }

  @Test
  void aDamagedPartBeginsAgain() throws IOException {
    byte[] content = weights(20_000, 17);
    Script[] script = {(request, out) -> ScriptedServer.serveCutOff(out, content, "v1", 30_000)};
    try (ScriptedServer server =
        new ScriptedServer((request, out) -> {
          if (request.number() == 1) {
            script[0].answer(request, out);
          } else if (request.number() <= 4) {
            ScriptedServer.head(out, 500);
          } else {
            ScriptedServer.serve(request, out, content, "v1");
          }
        })) {
      assertThrows(FetchException.class, () -> download(server, null));
      Path part = folder.resolve("model.safetensors.part");
      byte[] kept = Files.readAllBytes(part);
      kept[20_000] ^= 1;
      Files.write(part, kept);
      download(server, sha256(content));
    }
    assertArrayEquals(content, Files.readAllBytes(target()));
    assertTrue(messages.getLast().contains("starting over"), messages::toString);
  }

  @Test
  void aPartThatIsWholeNeedsNoServer() throws IOException {
    byte[] content = weights(5000, 18);
    ScriptedServer server = new ScriptedServer((request, out) -> {});
    server.close();
    Files.write(folder.resolve("model.safetensors.part"), content);
    Files.write(
        folder.resolve("model.safetensors.part.from"),
        List.of(
            server.address().resolve("/a/model.safetensors").toString(),
            "\"v1\"",
            Integer.toString(content.length),
            "-"));
    download(server, null);
    assertArrayEquals(content, Files.readAllBytes(target()));
    assertEquals(List.of("model.safetensors"), left());
  }

  @Test
  void pausesGrowAndAreBounded() {
    FetchLimits standard = FetchLimits.STANDARD;
    assertEquals(Duration.ofMillis(500), standard.pause(1, Duration.ZERO));
    assertEquals(Duration.ofSeconds(2), standard.pause(3, Duration.ZERO));
    assertEquals(Duration.ofSeconds(7), standard.pause(1, Duration.ofSeconds(7)));
    assertEquals(Duration.ofSeconds(60), standard.pause(30, Duration.ofHours(9)));
  }
}
