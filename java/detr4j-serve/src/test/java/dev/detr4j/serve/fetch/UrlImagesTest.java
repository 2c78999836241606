package dev.detr4j.serve.fetch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import dev.detr4j.serve.dialect.DetectJob;
import dev.detr4j.serve.dialect.ImageSource;
import dev.detr4j.serve.exchange.MemoryBudget;
import dev.detr4j.serve.exchange.Refusal;
import io.helidon.common.tls.Tls;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Against a real https server on this machine, which the rule of addresses would refuse. */
@Timeout(60)
class UrlImagesTest {
  private static final byte[] IMAGE = "an image".getBytes(StandardCharsets.UTF_8);
  private static final String SECRET = "secret";

  @TempDir static Path folder;
  private static HttpsServer server;
  private static final AtomicInteger requests = new AtomicInteger();
  private final MemoryBudget memory = new MemoryBudget(1 << 24);

  @BeforeAll
  static void serve() throws Exception {
    Path store = folder.resolve("keys.p12");
    Process keytool =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-genkeypair",
                "-keyalg",
                "EC",
                "-dname",
                "CN=localhost",
                "-ext",
                "san=dns:localhost,ip:127.0.0.1",
                "-storetype",
                "PKCS12",
                "-keystore",
                store.toString(),
                "-storepass",
                SECRET)
            .redirectErrorStream(true)
            .start();
    String said = new String(keytool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, keytool.waitFor(), said);
    KeyStore keys = KeyStore.getInstance("PKCS12");
    try (InputStream in = Files.newInputStream(store)) {
      keys.load(in, SECRET.toCharArray());
    }
    KeyManagerFactory factory =
        KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    factory.init(keys, SECRET.toCharArray());
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(factory.getKeyManagers(), null, null);
    server = HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setHttpsConfigurator(new HttpsConfigurator(context));
    server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    server.createContext("/", UrlImagesTest::answer);
    server.start();
  }

  private static void answer(HttpExchange exchange) throws IOException {
    requests.incrementAndGet();
    switch (exchange.getRequestURI().getPath()) {
      case "/image" -> send(exchange, 200, IMAGE);
      case "/redirect" -> {
        exchange.getResponseHeaders().set("Location", "/image");
        send(exchange, 302, new byte[0]);
      }
      case "/large" -> {
        exchange.sendResponseHeaders(200, 0);
        try (exchange) {
          for (int i = 0; i < 100; i++) {
            exchange.getResponseBody().write(new byte[1 << 16]);
          }
        }
      }
      case "/slow" -> {
        exchange.sendResponseHeaders(200, 0);
        try (exchange) {
          for (int i = 0; i < 100; i++) {
            exchange.getResponseBody().write(1);
            exchange.getResponseBody().flush();
            Thread.sleep(50);
          }
        } catch (InterruptedException e) {
          throw new IOException(e);
        }
      }
      default -> send(exchange, 404, new byte[0]);
    }
  }

  private static void send(HttpExchange exchange, int status, byte[] body) throws IOException {
    try (exchange) {
      exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
      exchange.getResponseBody().write(body);
    }
  }

  @AfterAll
  static void stop() {
    server.stop(0);
  }

  private static UrlImages images(Predicate<InetAddress> allowed) {
    return new UrlImages(
        new UrlPolicy(List.of(Pattern.compile("https?://.*"))),
        1 << 20,
        allowed,
        Tls.builder().trustAll(true).build());
  }

  private static DetectJob job(String url) {
    return DetectJob.of(List.of(new ImageSource.Url("inputs", url)), false);
  }

  private static String url(String path) {
    return "https://localhost:" + server.getAddress().getPort() + path;
  }

  private Refusal refused(UrlImages images, String url) {
    Refusal refusal =
        assertThrows(
            Refusal.class,
            () -> images.fetch(job(url), memory, System.nanoTime() + TimeUnit.SECONDS.toNanos(1)));
    assertEquals(0, memory.used());
    assertFalse(refusal.getMessage().contains(url), refusal.getMessage());
    return refusal;
  }

  @Test
  void fetchesWhatIsAllowedAndResolvesOnce() {
    AtomicInteger asked = new AtomicInteger();
    UrlImages images = images(address -> asked.incrementAndGet() == 1);
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
    try (UrlImages.Fetched fetched = images.fetch(job(url("/image")), memory, deadline)) {
      assertArrayEquals(IMAGE, fetched.job().images().getFirst().bytes());
      assertEquals(IMAGE.length, memory.used());
    }
    assertEquals(0, memory.used());
    assertEquals(1, asked.get());
  }

  @ParameterizedTest
  @ValueSource(strings = {"localhost", "127.0.0.1", "[::1]", "2130706433", "127.1", "localhost."})
  void aNameOfThisMachineIsRefusedBeforeAConnection(String host) {
    int before = requests.get();
    String url = url("/image").replace("localhost", host);
    int status = refused(images(PublicAddress::is), url).status();
    assertTrue(status == 403 || status == 422, host + " got " + status);
    assertEquals(before, requests.get());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "http://localhost/image",
        "https://user@localhost/image",
        "https:///image",
        "https://local host/",
        "https:image"
      })
  void onlyPlainHttpsIsFetched(String url) {
    int before = requests.get();
    assertEquals(403, refused(images(address -> true), url).status());
    assertEquals(before, requests.get());
  }

  @Test
  void thePatternMustMatchAsAWhole() {
    UrlImages images =
        new UrlImages(
            new UrlPolicy(List.of(Pattern.compile("https://images\\.example\\.com/.*"))), 1 << 20);
    for (String url :
        List.of(
            "https://images.example.com.evil.org/a",
            "https://evil.org/?https://images.example.com/",
            "xhttps://images.example.com/a",
            "https://images-example.com/a")) {
      assertEquals(403, refused(images, url).status(), url);
    }
  }

  @Test
  void redirectsAreNotFollowed() {
    int before = requests.get();
    assertEquals(422, refused(images(address -> true), url("/redirect")).status());
    assertEquals(before + 1, requests.get());
  }

  @Test
  void whatIsMissingLargeOrSlowIsRefused() {
    UrlImages images = images(address -> true);
    assertEquals(422, refused(images, url("/none")).status());
    assertEquals(413, refused(images, url("/large")).status());
    assertEquals(504, refused(images, url("/slow")).status());
  }

  /** An own certificate is no reason to fetch. */
  @Test
  void certificatesAreChecked() {
    UrlImages images =
        new UrlImages(
            new UrlPolicy(List.of(Pattern.compile("https://.*"))),
            1 << 20,
            address -> true,
            Tls.create(tls -> {}));
    assertEquals(422, refused(images, url("/image")).status());
  }
}
