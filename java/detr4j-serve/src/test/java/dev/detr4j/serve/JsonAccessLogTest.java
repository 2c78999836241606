package dev.detr4j.serve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class JsonAccessLogTest {
  private static RequestLog.Entry entry(String path, String error) {
    return new RequestLog.Entry(
        Instant.parse("2026-11-30T01:02:03.5Z"),
        "abc",
        "POST",
        path,
        "detr4j",
        error == null ? 200 : 422,
        1_234_567,
        42,
        error);
  }

  @Test
  void aLineForEachRequest() throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (JsonAccessLog log = new JsonAccessLog(out, text -> {})) {
      log.request(entry("/detect", null));
      log.request(entry("/\"\n\u001b[31m" + "x".repeat(2_000), "the body: no image"));
    }
    List<String> lines = out.toString(StandardCharsets.UTF_8).lines().toList();
    assertEquals(
        "{\"time\":\"2026-11-30T01:02:03.500Z\",\"id\":\"abc\",\"method\":\"POST\",\"path\":\"/detect\","
            + "\"route\":\"detr4j\",\"status\":200,\"seconds\":0.001235,\"bytes\":42}",
        lines.getFirst());
    assertEquals(2, lines.size(), "what clients send makes no lines of its own");
    JsonValue second = JsonValue.of(lines.getLast());
    assertEquals("the body: no image", second.at("error").text());
    assertEquals(500, second.at("path").text().length());
  }

  /** A full disk costs the lines that it cannot take, one message, and no request. */
  @Test
  void aFullDiskIsSaidOnceAndLosesLinesOnly() throws Exception {
    List<String> problems = new CopyOnWriteArrayList<>();
    CountDownLatch failed = new CountDownLatch(1);
    ByteArrayOutputStream kept = new ByteArrayOutputStream();
    boolean[] full = {true};
    OutputStream disk =
        new OutputStream() {
          @Override
          public void write(int b) throws IOException {
            write(new byte[] {(byte) b}, 0, 1);
          }

          @Override
          public void write(byte[] bytes, int from, int length) throws IOException {
            synchronized (full) {
              if (full[0]) {
                failed.countDown();
                throw new IOException("No space left on device");
              }
              kept.write(bytes, from, length);
            }
          }
        };
    try (JsonAccessLog log = new JsonAccessLog(disk, problems::add)) {
      log.request(entry("/lost", null));
      failed.await();
      log.request(entry("/lost", null));
      while (log.lost() < 2) {
        Thread.sleep(1);
      }
      synchronized (full) {
        full[0] = false;
      }
      log.request(entry("/kept", null));
    }
    assertEquals(List.of("access log: No space left on device; 1 lines are lost so far"), problems);
    assertTrue(kept.toString(StandardCharsets.UTF_8).contains("/kept"));
  }

  /** More lines than may wait are dropped, not waited for. */
  @Test
  void aSlowDiskStopsNobody() throws Exception {
    CountDownLatch release = new CountDownLatch(1);
    OutputStream slow =
        new OutputStream() {
          @Override
          public void write(int b) {}

          @Override
          public void write(byte[] bytes, int from, int length) throws IOException {
            try {
              release.await();
            } catch (InterruptedException e) {
              throw new IOException(e);
            }
          }
        };
    List<String> problems = new CopyOnWriteArrayList<>();
    JsonAccessLog log = new JsonAccessLog(slow, problems::add);
    for (int i = 0; i < 30_000; i++) {
      log.request(entry("/", null));
    }
    assertTrue(log.lost() >= 9_000, log.lost() + " lost");
    release.countDown();
    log.close();
    assertEquals(1, problems.size(), problems.toString());
    assertTrue(problems.getFirst().contains("faster than they could be written"));
  }
}
