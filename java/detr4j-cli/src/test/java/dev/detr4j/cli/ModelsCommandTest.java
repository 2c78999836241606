package dev.detr4j.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpServer;
import dev.detr4j.error.ModelConfigException;
import dev.detr4j.json.JsonObject;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code detr4j models} with a registry, a hub and a folder of the test's own. */
class ModelsCommandTest {
  private static final List<String> PROPERTIES =
      List.of("detr4j.models.home", "detr4j.models.registry", "detr4j.hub.endpoint");

  @TempDir Path folder;

  private HttpServer hub;
  private Path served;
  private Path home;

  @BeforeEach
  void serve() throws IOException {
    served = CliRun.smallModel(folder.resolve("served"));
    home = folder.resolve("home");
    hub = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    hub.createContext(
        "/test/small/resolve/main/",
        exchange -> {
          String path = exchange.getRequestURI().getPath();
          Path file = served.resolve(path.substring(path.lastIndexOf('/') + 1));
          try (exchange) {
            if (Files.exists(file)) {
              byte[] content = Files.readAllBytes(file);
              exchange.sendResponseHeaders(200, content.length);
              exchange.getResponseBody().write(content);
            } else {
              exchange.sendResponseHeaders(404, -1);
            }
          }
        });
    hub.start();
    Files.createDirectories(folder.resolve("registry"));
    Files.writeString(
        folder.resolve("registry/models.json"),
        """
        {"models": [
          {"name": "test/small", "source": "huggingface", "variant": "refine", "licence": "none", "ap": 1.25,
           "megabytes": 3, "hub": "test/small", "files": [
             {"name": "config.json"}, {"name": "preprocessor_config.json"}, {"name": "model.safetensors"}]},
          {"name": "test/absent", "source": "detr", "variant": "r50", "licence": "none",
           "page": "https://example.org/page", "files": [{"name": "f.pth", "url": "%s/f.pth"}]}]}
        """
            .formatted(address()));
    System.setProperty("detr4j.models.home", home.toString());
    System.setProperty("detr4j.models.registry", folder.resolve("registry").toString());
    System.setProperty("detr4j.hub.endpoint", address());
  }

  private String address() {
    return "http://127.0.0.1:" + hub.getAddress().getPort();
  }

  @AfterEach
  void stop() {
    hub.stop(0);
    PROPERTIES.forEach(System::clearProperty);
  }

  @Test
  void fetchedThenUsedByName() throws IOException {
    Path photo = CliRun.image(folder.resolve("photo.png"), 60, 40);
    CliRun.of("detect", photo, "--model", "test/small")
        .assertRefused(1, "test/small: not on this machine", "detr4j models fetch test/small");
    CliRun.of("models", "fetch", "test/small", "--offline").assertRefused(1, "--offline");

    CliRun fetched = CliRun.of("models", "fetch", "small");
    assertEquals(0, fetched.exit(), fetched.err());
    Path model = home.resolve("models/test/small");
    assertEquals("test/small  " + model + System.lineSeparator(), fetched.out());
    assertEquals("", fetched.err());
    assertEquals(
        List.of(".lock", "config.json", "model.safetensors", "preprocessor_config.json"),
        CliRun.names(model));
    assertArrayEquals(
        Files.readAllBytes(served.resolve("model.safetensors")),
        Files.readAllBytes(model.resolve("model.safetensors")));

    // Here already: no server is asked, and a name is a model.
    hub.stop(0);
    assertEquals(0, CliRun.of("models", "fetch", "test/small").exit());
    CliRun byName = CliRun.of("detect", photo, "-m", "small", "-t", "0.1", "-f", "csv");
    CliRun byPath = CliRun.of("detect", photo, "-m", served, "-t", "0.1", "-f", "csv");
    assertEquals(0, byName.exit(), byName.err());
    assertEquals(byPath.out(), byName.out());
  }

  @Test
  void theListSaysWhatIsHere() throws IOException {
    CliRun before = CliRun.of("models");
    assertEquals(0, before.exit(), before.err());
    List<String> lines = before.out().lines().toList();
    assertEquals(
        List.of(
            "name                source        AP  size  licence     here",
            "detr4j-model-codes  huggingface       5 MB  Apache-2.0  built in, the default",
            "test/small          huggingface  1.3  3 MB  none        no",
            "test/absent         detr                    none        no"),
        lines);
    // To list it writes nothing.
    assertEquals(List.of(), CliRun.names(home));
    CliRun.of("models", "fetch", "test/small");
    CliRun after = CliRun.of("models", "--format", "json");
    JsonObject json =
        JsonObject.parse(
            "output",
            ("{\"models\":" + after.out() + "}").getBytes(StandardCharsets.UTF_8),
            ModelConfigException::new);
    JsonObject codes = json.objects("models").getFirst();
    assertEquals(DefaultModel.orNamed(null).path().getParent(), home);
    assertEquals("detr4j-model-codes", codes.string("name"));
    assertTrue(codes.bool("built_in", false));
    long bytes = Files.size(DefaultModel.orNamed(null).path().resolve("model.safetensors"));
    assertEquals((double) Math.round(bytes / 1e6), codes.number("megabytes"));
    JsonObject small = json.objects("models").get(1);
    assertTrue(!small.bool("built_in", true));
    assertEquals(home.resolve("models/test/small").toString(), small.string("path"));
    assertEquals(1.25, small.number("ap"));
    assertEquals(3, small.objects("files").size());
    assertTrue(!json.objects("models").getLast().has("path"));
  }

  @Test
  void whatCannotBeFetchedIsOneLine() throws IOException {
    CliRun.of("models", "fetch", "test/absent")
        .assertRefused(1, "HTTP 404", "https://example.org/page", "f.pth");
    CliRun.of("models", "fetch", "no-such").assertRefused(1, "no-such", "`detr4j models`");
    CliRun.of("models", "fetch").assertRefused(2, "NAME");
    CliRun.of("models", "fetch", "detr4j-model-codes").assertRefused(1, "comes with detr4j");
    Files.delete(served.resolve("model.safetensors"));
    CliRun.of("models", "fetch", "test/small").assertRefused(1, "model.safetensors", "HTTP 404");
    // What had arrived stays, and is no model yet.
    assertEquals(
        List.of(".lock", "config.json", "preprocessor_config.json"),
        CliRun.names(home.resolve("models/test/small")));
  }

  @Test
  void oneProcessAtATime() throws IOException {
    Path model = Files.createDirectories(home.resolve("models/test/small"));
    try (FileChannel file =
            FileChannel.open(
                model.resolve(".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        FileLock lock = file.lock()) {
      assertTrue(lock.isValid());
      CliRun.of("models", "fetch", "test/small").assertRefused(1, "another process");
    }
  }

  @Test
  void theBuiltInRegistryIsTheDefault() {
    System.clearProperty("detr4j.models.registry");
    CliRun run = CliRun.of("models");
    assertEquals(0, run.exit(), run.err());
    assertTrue(run.out().contains("SenseTime/deformable-detr-with-box-refine-two-stage"));
    assertTrue(run.out().lines().count() > 30);
  }

  @Test
  void progressHasTimeLeft() {
    assertEquals(
        "[######..................] 25.0 of 100.0 MB, 0:30 left  model.safetensors",
        FetchLine.text("model.safetensors", 25_000_000, 100_000_000, 25_000_000, 10));
    // Bytes of an earlier call say nothing about speed.
    assertTrue(FetchLine.text("f", 90, 100, 0, 5).endsWith("0.0 of 0.0 MB  f"));
    assertEquals("7.0 MB  f", FetchLine.text("f", 7_000_000, -1, 7_000_000, 10));
  }
}
