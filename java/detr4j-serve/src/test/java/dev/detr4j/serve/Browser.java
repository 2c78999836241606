package dev.detr4j.serve;

import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.abort;

import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.jspecify.annotations.Nullable;
import org.openqa.selenium.By;
import org.openqa.selenium.OutputType;
import org.openqa.selenium.TakesScreenshot;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.chrome.ChromeOptions;
import org.openqa.selenium.logging.LogEntry;
import org.openqa.selenium.logging.LogType;
import org.openqa.selenium.logging.LoggingPreferences;

/**
 * A headless Chromium of this machine, with a camera that shows a moving test picture. Its files
 * are new and go away with it.
 */
final class Browser implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  /** Held, so that its level lasts: Selenium warns of each Chromium that is newer than itself. */
  private static final Logger SELENIUM = Logger.getLogger("org.openqa.selenium");

  private final Path profile;
  private final ChromeDriver driver;

  private Browser(Path profile, ChromeDriver driver) {
    this.profile = profile;
    this.driver = driver;
  }

  /**
   * Starts Chromium. Without one, the test is skipped, or fails where {@code
   * detr4j.test.requireBrowser} is true.
   */
  static Browser start() throws IOException {
    Path driver = onPath("chromedriver");
    Path binary = onPath("chromium", "chromium-browser", "google-chrome");
    if (driver == null || binary == null) {
      String message = (driver == null ? "chromedriver" : "chromium") + " is not on the path";
      return Boolean.getBoolean("detr4j.test.requireBrowser") ? fail(message) : abort(message);
    }
    Path profile = Files.createTempDirectory("detr4j-page");
    ChromeOptions options = new ChromeOptions();
    options.setBinary(binary.toFile());
    options.addArguments(
        "--headless=new",
        "--no-sandbox", // a container's root has none
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        "--window-size=1280,1000",
        "--user-data-dir=" + profile);
    LoggingPreferences logs = new LoggingPreferences();
    logs.enable(LogType.BROWSER, Level.ALL);
    options.setCapability("goog:loggingPrefs", logs);
    SELENIUM.setLevel(Level.SEVERE);
    System.setProperty("webdriver.chrome.driver", driver.toString());
    try {
      return new Browser(profile, new ChromeDriver(options));
    } catch (Throwable e) {
      remove(profile);
      throw e;
    }
  }

  private static @Nullable Path onPath(String... names) {
    for (String name : names) {
      for (String folder : System.getenv("PATH").split(File.pathSeparator, -1)) {
        Path file = Path.of(folder, name);
        if (Files.isExecutable(file)) {
          return file;
        }
      }
    }
    return null;
  }

  ChromeDriver driver() {
    return driver;
  }

  WebElement find(String css) {
    return driver.findElement(By.cssSelector(css));
  }

  List<WebElement> all(String css) {
    return driver.findElements(By.cssSelector(css));
  }

  /** What a script of the page returns. */
  Object script(String body, Object... arguments) {
    return driver.executeScript(body, arguments);
  }

  boolean is(String expression) {
    return Boolean.TRUE.equals(script("return " + expression));
  }

  double number(String expression) {
    return ((Number) script("return " + expression)).doubleValue();
  }

  /** Waits until something is so. */
  void await(String what, Supplier<Boolean> condition) throws InterruptedException {
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (!condition.get()) {
      if (System.nanoTime() > end) {
        fail(
            "the page did not come to: %s; it says: %s %s"
                .formatted(what, find("#status").getText(), find("#error").getText()));
      }
      Thread.sleep(20);
    }
  }

  /** What a person does: the file is carried over the page and let go. */
  void drop(String name, String type, byte[] bytes) {
    transfer(
        """
        for (const event of ['dragenter', 'dragover', 'drop']) {
          document.querySelector('#drop').dispatchEvent(
            new DragEvent(event, { dataTransfer: transfer, bubbles: true, cancelable: true }));
        }
        """,
        name,
        type,
        bytes);
  }

  /** What Ctrl+V does. */
  void paste(String name, String type, byte[] bytes) {
    transfer(
        """
        document.body.dispatchEvent(
          new ClipboardEvent('paste', { clipboardData: transfer, bubbles: true, cancelable: true }));
        """,
        name,
        type,
        bytes);
  }

  private void transfer(String events, String name, String type, byte[] bytes) {
    script(
        """
        const [name, type, base64] = arguments;
        const bytes = Uint8Array.from(atob(base64), each => each.charCodeAt(0));
        const transfer = new DataTransfer();
        transfer.items.add(new File([bytes], name, { type }));
        """
            + events,
        name,
        type,
        Base64.getEncoder().encodeToString(bytes));
  }

  /** Width and height of the window in CSS pixels; a small one is that of a phone. */
  void size(int width, int height) {
    command(
        "Emulation.setDeviceMetricsOverride",
        Map.of("width", width, "height", height, "deviceScaleFactor", 1, "mobile", width < 500));
  }

  void dark(boolean on) {
    Map<String, String> feature =
        Map.of("name", "prefers-color-scheme", "value", on ? "dark" : "light");
    command("Emulation.setEmulatedMedia", Map.of("features", List.of(feature)));
  }

  Map<String, Object> command(String name, Map<String, Object> parameters) {
    return driver.executeCdpCommand(name, parameters);
  }

  /** Everything that the browser complained about since the last time. */
  List<String> complaints() {
    return driver.manage().logs().get(LogType.BROWSER).getAll().stream()
        .filter(each -> each.getLevel().intValue() >= Level.WARNING.intValue())
        .map(LogEntry::getMessage)
        .toList();
  }

  /** An element as it looks. */
  static BufferedImage look(TakesScreenshot element) throws IOException {
    return ImageIO.read(new ByteArrayInputStream(element.getScreenshotAs(OutputType.BYTES)));
  }

  /** Keeps what the page looks like, for people: {@code target/page/NAME.png}. */
  void keep(String name) throws IOException {
    Path folder = Files.createDirectories(Path.of("target", "page"));
    Files.write(folder.resolve(name + ".png"), driver.getScreenshotAs(OutputType.BYTES));
  }

  @Override
  public void close() {
    driver.quit();
    remove(profile);
  }

  /** Removes what can be removed: a process of the browser may still end while this goes on. */
  private static void remove(Path folder) {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    } catch (IOException | UncheckedIOException e) {
      folder.toFile().deleteOnExit();
    }
  }
}
