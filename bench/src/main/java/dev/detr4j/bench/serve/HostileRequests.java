package dev.detr4j.bench.serve;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/** Clients of which a part is hostile; counts what the others got. */
final class HostileRequests {
  /** A request that no server should be moved by; some say more than they send. */
  private record Attack(String name, byte[] bytes, boolean leaves) {}

  private final int port;
  private final byte[] good;
  private final List<Attack> attacks;
  private final Map<String, AtomicInteger> answers = new ConcurrentHashMap<>();

  HostileRequests(int port, byte[] image) {
    this.port = port;
    this.good = post("/detect", "image/jpeg", image);
    this.attacks =
        List.of(
            attack("truncated image", "image/jpeg", Arrays.copyOf(image, image.length / 2)),
            attack("no image", "image/png", new byte[10_000]),
            attack("no JSON", "application/json", bytes("{\"image\":")),
            attack("deep JSON", "application/json", bytes("{\"a\":".repeat(5_000))),
            attack(
                "wide JSON", "application/json", bytes("{\"a\":[" + "1,".repeat(50_000) + "1]}")),
            attack("bad Base64", "application/json", bytes("{\"image\":\"%%%%\"}")),
            attack(
                "metadata URL",
                "application/json",
                bytes("{\"image\":\"https://169.254.169.254/latest\"}")),
            attack("a path", "application/json", bytes("{\"image\":\"/etc/passwd\"}")),
            attack("bad form", "multipart/form-data; boundary=x", bytes("--y\r\n\r\n")),
            new Attack(
                "large claim",
                bytes(
                    "POST /detect HTTP/1.1\r\nHost: localhost\r\nContent-Length: 999999999999\r\n\r\n"),
                false),
            new Attack("no HTTP", bytes("\u0016\u0003\u0001\u0002\r\n\r\n"), false),
            new Attack("long head", bytes("GET / HTTP/1.1\r\nX: " + "a".repeat(50_000)), false),
            new Attack("leaves early", Arrays.copyOf(good, good.length / 2), true),
            new Attack("leaves while computed", good, true));
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  private static byte[] post(String path, String type, byte[] body) {
    ByteArrayOutputStream request = new ByteArrayOutputStream();
    request.writeBytes(
        bytes(
            "POST %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n"
                .formatted(path, type, body.length)));
    request.writeBytes(body);
    return request.toByteArray();
  }

  private static Attack attack(String name, String type, byte[] body) {
    return new Attack(name, post("/detect", type, body), false);
  }

  /**
   * Sends requests from several clients at once.
   *
   * @param hostile their part, 0 to 1
   * @return how often the good requests got what, in words
   */
  Map<String, Integer> run(int requests, double hostile, int clients) throws InterruptedException {
    AtomicInteger left = new AtomicInteger(requests);
    Thread[] threads = new Thread[clients];
    for (int i = 0; i < clients; i++) {
      Random random = new Random(i);
      threads[i] =
          Thread.ofVirtual()
              .start(() -> {
                while (left.getAndDecrement() > 0) {
                  one(random.nextDouble() < hostile ? random.nextInt(attacks.size()) : -1);
                }
              });
    }
    for (Thread each : threads) {
      each.join();
    }
    Map<String, Integer> counts = new TreeMap<>();
    answers.forEach((what, count) -> counts.put(what, count.get()));
    return counts;
  }

  private void one(int attack) {
    String what = attack < 0 ? "good" : "hostile";
    String got;
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      socket.setSoTimeout(60_000);
      socket.getOutputStream().write(attack < 0 ? good : attacks.get(attack).bytes);
      if (attack >= 0 && attacks.get(attack).leaves) {
        got = "left";
      } else {
        if (attack >= 0) {
          socket.shutdownOutput();
        }
        got = status(socket.getInputStream());
      }
    } catch (IOException e) {
      got = attack < 0 ? "failed" : "closed";
    }
    answers.computeIfAbsent(what + ": " + got, _ -> new AtomicInteger()).incrementAndGet();
  }

  private static String status(InputStream in) throws IOException {
    String answer = new String(in.readAllBytes(), StandardCharsets.ISO_8859_1);
    return answer.length() < 12 ? "closed" : answer.substring(9, 12);
  }
}
