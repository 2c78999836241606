package dev.detr4j.serve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.detr4j.Box;
import dev.detr4j.Detection;
import dev.detr4j.Detector;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.openqa.selenium.Keys;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.interactions.Actions;

/** The page in a real browser: what a person does there, and what the detector says itself. */
class PageTest {
  private static byte[] codes;
  private static ServedCodes served;
  private static Detector detector;
  private static Browser browser;

  @BeforeAll
  static void start() throws Exception {
    browser = Browser.start();
    codes = ServedCodes.photo();
    served = new ServedCodes(builder -> builder.sessions(2), 2);
    detector = served.detector;
  }

  @AfterAll
  static void stop() throws Exception {
    if (browser != null) {
      browser.close();
    }
    if (served != null) {
      served.close();
    }
  }

  @BeforeEach
  void open() throws Exception {
    browser.size(1200, 860);
    browser.dark(false);
    browser.complaints();
    open(served.server);
    browser.await("the models", PageTest::knowsModels);
  }

  private static boolean knowsModels() {
    return browser.is("!document.querySelector('#threshold').disabled");
  }

  private static void open(DetectionServer of) {
    browser.driver().get(of.uri().toString());
    assertEquals("No photo yet", browser.find("#status").getText());
  }

  /** A strict Content-Security-Policy that something breaks is a complaint too. */
  @AfterEach
  void isContent() {
    assertEquals(List.of(), browser.complaints());
    assertTrue(
        browser.is(
            "performance.getEntriesByType('resource').every(each => new URL(each.name).origin === location.origin)"),
        "everything comes from the server");
  }

  @Test
  void droppedPhotoHasItsBoxes() throws Exception {
    browser.drop("codes.jpg", "image/jpeg", codes);
    awaitAnswer();
    List<Detection> expected = detector.detect(ServedCodes.PHOTO);
    assertEquals(4, expected.size());
    assertShown(expected, 800, 600);
    assertTrue(
        browser.find("#status").getText().matches("4 detections in [\\d.]+ m?s, \\d+ more hidden"),
        browser.find("#status").getText());
    assertEquals(
        "curl --data-binary @codes.jpg '" + served.uri("/detect").toString() + "?threshold=0.5'",
        browser.find("#curl").getText());
    browser.keep("light");
    browser.dark(true);
    browser.keep("dark");
    browser.find("summary").click();
    String json = browser.find("#json").getText();
    for (Detection each : expected) {
      assertTrue(json.contains("\"x_min\": " + each.box().xMin() + ","), json);
    }
  }

  @Test
  void sliderFiltersWithoutAskingAgain() throws Exception {
    browser.drop("codes.jpg", "image/jpeg", codes);
    awaitAnswer();
    browser.find("#threshold").sendKeys(Keys.HOME);
    List<Detection> expected = detector.call().threshold(0.05f).detect(codes);
    assertShown(expected, 800, 600);
    assertEquals("0.05", browser.find("#threshold-value").getText());
    browser.find("#threshold").sendKeys(Keys.END);
    assertEquals(List.of(), browser.all(".box"));
    for (int i = 0; i < 10; i++) {
      browser.find("#threshold").sendKeys(Keys.ARROW_LEFT);
    }
    assertEquals("0.90", browser.find("#threshold-value").getText());
    assertEquals(2, browser.all(".entry").size());
    assertEquals(1, requests());
  }

  @Test
  void classesFilter() throws Exception {
    browser.drop("codes.jpg", "image/jpeg", codes);
    awaitAnswer();
    browser.find("[data-label=aztec]").click();
    assertEquals(1, browser.all(".entry").size());
    assertTrue(browser.find(".entry").getText().startsWith("aztec"));
    browser.find("[data-label=qr_code]").click();
    assertEquals(2, browser.all(".box").size());
    assertTrue(browser.find("#curl").getText().endsWith("&labels=aztec,qr_code'"));
    browser.find("[data-label=aztec]").click();
    browser.find("[data-label=qr_code]").click();
    assertEquals(4, browser.all(".entry").size());
    assertEquals(1, requests());
  }

  @Test
  void keyboardAlone() throws Exception {
    WebElement file = tabTo("#file");
    assertEquals(
        "solid",
        browser.script(
            "return getComputedStyle(arguments[0].nextElementSibling).outlineStyle", file));
    file.sendKeys(ServedCodes.PHOTO.toRealPath().toString()); // the dialog itself is the browser's
    awaitAnswer();
    assertEquals("codes.jpg", browser.find("#photo").getAttribute("alt"));
    tabTo("#threshold").sendKeys(Keys.ARROW_RIGHT);
    assertEquals("0.51", browser.find("#threshold-value").getText());
    WebElement aztec = tabTo(".list li:nth-child(2) .entry");
    assertEquals("solid", aztec.getCssValue("outline-style"));
    List<WebElement> lit = browser.all(".box.lit");
    assertEquals(1, lit.size());
    assertTrue(lit.getFirst().getText().startsWith("aztec"));
    tabTo("[data-copy=curl]").sendKeys(Keys.ENTER);
    browser.await(
        "the copy", () -> browser.find("[data-copy=curl]").getText().startsWith("Copied"));
  }

  /** Pointing at a box lights its entry, and a click goes there. */
  @Test
  void boxesLeadToTheList() throws Exception {
    browser.drop("codes.jpg", "image/jpeg", codes);
    awaitAnswer();
    WebElement box = browser.all(".box").getLast();
    box.click();
    String label = box.getText().split(" ", -1)[0];
    assertTrue(browser.find(".entry.lit").getText().startsWith(label));
    assertEquals(browser.find(".entry.lit"), browser.driver().switchTo().activeElement());
  }

  @Test
  void pastedPhoto() throws Exception {
    ByteArrayOutputStream png = new ByteArrayOutputStream();
    ImageIO.write(ImageIO.read(ServedCodes.PHOTO.toFile()), "png", png);
    browser.paste("image.png", "image/png", png.toByteArray());
    awaitAnswer();
    assertShown(detector.detect(png.toByteArray()), 800, 600);
  }

  @Test
  void fileThatIsNoPhoto() throws Exception {
    byte[] text = "{\"image\":\"no\"}".getBytes(StandardCharsets.UTF_8);
    browser.drop("it's.heic", "image/heic", text);
    browser.await("an error", () -> browser.find("#error").isDisplayed());
    assertTrue(
        browser.find("#error-text").getText().startsWith("it's.heic: not a known image format"),
        browser.find("#error-text").getText());
    assertTrue(browser.find("#error-id").getText().matches("request [0-9a-f]{16}"));
    assertEquals("No result", browser.find("#status").getText());
    assertTrue(browser.find("#curl").getText().contains("'@it'\\''s.heic'"));
    browser.keep("error");
    List<String> complaints = browser.complaints();
    assertEquals(1, complaints.size(), complaints::toString);
    assertTrue(complaints.getFirst().contains("status of 422"), complaints::toString);
    // The next photo clears it.
    browser.drop("codes.jpg", "image/jpeg", codes);
    awaitAnswer();
    assertFalse(browser.find("#error").isDisplayed());
  }

  @Test
  void fileThatIsTooLarge() throws Exception {
    try (DetectionServer small =
        DetectionServer.builder()
            .port(0)
            .model("codes", detector)
            .maxBodyBytes(codes.length - 1)
            .start()) {
      open(small);
      browser.drop("codes.jpg", "image/jpeg", codes);
      browser.await("an error", () -> browser.find("#error").isDisplayed());
      assertEquals(
          "codes.jpg is larger than %d bytes".formatted(codes.length - 1),
          browser.find("#error-text").getText());
      assertTrue(browser.find("#photo").isDisplayed());
      List<String> complaints = browser.complaints();
      assertEquals(1, complaints.size(), complaints::toString);
      assertTrue(complaints.getFirst().contains("status of 413"), complaints::toString);
      leave();
    }
  }

  @Test
  void serverThatIsGone() throws Exception {
    try (DetectionServer server =
        DetectionServer.builder().port(0).model("codes", detector).start()) {
      open(server);
      browser.await("the models", PageTest::knowsModels);
    }
    browser.drop("codes.jpg", "image/jpeg", codes);
    browser.await("an error", () -> browser.find("#error").isDisplayed());
    assertTrue(browser.find("#error-text").getText().startsWith("The connection to the server"));
    browser.complaints();
    leave();
  }

  /** Closes the connections of the page, so that a server need not wait for them. */
  private static void leave() {
    browser.driver().get("about:blank");
  }

  /** The default model takes the pixels as the file has them. */
  @Test
  void rotatedPhotoAsTheModelSawIt() throws Exception {
    byte[] turned = withOrientation(codes, 6);
    browser.drop("turned.jpg", "image/jpeg", turned);
    awaitAnswer();
    assertShown(detector.detect(turned), 800, 600);
    assertTrue(browser.find("#note").getText().contains("does not turn photos"));
    browser.find("#threshold").sendKeys(Keys.END);
    assertLooksLike(ImageIO.read(new ByteArrayInputStream(codes)));
  }

  /** Another model applies the orientation; here, the answers of one are played. */
  @Test
  void rotatedPhotoOfAModelThatTurnsIt() throws Exception {
    Map<String, Object> added =
        browser.command(
            "Page.addScriptToEvaluateOnNewDocument",
            Map.of(
                "source",
                """
                const real = fetch;
                window.fetch = async (url, options) => {
                  if (String(url).includes('/detect')) {
                    return Response.json({ model: 'codes', width: 600, height: 800, detections: [] });
                  }
                  const answer = await (await real(url, options)).json();
                  answer.models[0].orientation = 'apply';
                  return Response.json(answer);
                };
                """));
    try {
      open();
      browser.drop("turned.jpg", "image/jpeg", withOrientation(codes, 6));
      awaitAnswer();
    } finally {
      browser.command("Page.removeScriptToEvaluateOnNewDocument", added);
    }
    assertFalse(browser.find("#note").isDisplayed());
    assertLooksLike(clockwise(ImageIO.read(new ByteArrayInputStream(codes))));
  }

  @Test
  void cameraRunsUntilStopped() throws Exception {
    browser.find("#camera").click();
    browser.await("three answers", () -> requests() >= 3);
    browser.await("a rate", () -> browser.find("#status").getText().contains("frames a second"));
    assertEquals("Stop camera", browser.find("#camera").getText());
    assertTrue(browser.find("#viewfinder").isDisplayed());
    browser.keep("camera");
    // Stopped and started at once: the last frame of the first run does not end the second.
    browser.find("#camera").click();
    browser.find("#camera").click();
    int before = requests();
    browser.await("more answers", () -> requests() >= before + 3);
    browser.find("#camera").click();
    assertFalse(browser.find("#viewfinder").isDisplayed());
    assertFalse(browser.find("#error").isDisplayed());
    // The answer on its way may still come.
    Thread.sleep(300);
    int asked = requests();
    Thread.sleep(300);
    assertEquals(asked, requests());
  }

  @Test
  void withoutCameraItSaysWhy() throws Exception {
    browser.script("Object.defineProperty(navigator, 'mediaDevices', { value: undefined })");
    browser.find("#camera").click();
    browser.await("an error", () -> browser.find("#error").isDisplayed());
    assertTrue(browser.find("#error-text").getText().contains("only over https"));
  }

  @Test
  void fitsAPhone() throws Exception {
    browser.size(360, 740);
    browser.drop("codes.jpg", "image/jpeg", codes);
    awaitAnswer();
    browser.keep("phone");
    assertShown(detector.detect(ServedCodes.PHOTO), 800, 600);
    browser.find("summary").click();
    browser.find("#threshold").sendKeys(Keys.HOME);
    assertEquals(360, browser.number("document.documentElement.scrollWidth"));
    // Fingers need some room.
    for (String each : List.of(".button:not(.small)", "#threshold", ".entry", ".classes button")) {
      double height = browser.number("document.querySelector('%s').clientHeight".formatted(each));
      assertTrue(height >= 30, each + " is " + height + " high");
    }
  }

  @Test
  void asksForTheToken() throws Exception {
    try (DetectionServer guarded =
        DetectionServer.builder().port(0).model("codes", detector).token("open-sesame").start()) {
      open(guarded);
      browser.await("the field", () -> browser.find("#token").isDisplayed());
      browser.find("#token").sendKeys("wrong", Keys.ENTER);
      browser.await("an error", () -> browser.find("#error").isDisplayed());
      assertEquals("The server did not accept this token.", browser.find("#error-text").getText());
      // A photo that came too early waits.
      browser.drop("codes.jpg", "image/jpeg", codes);
      browser.find("#token").sendKeys("open-sesame", Keys.ENTER);
      awaitAnswer();
      assertEquals(4, browser.all(".box").size());
      assertFalse(browser.find("#token").isDisplayed());
      assertFalse(browser.find("#error").isDisplayed());
      assertTrue(browser.find("#curl").getText().contains("Bearer $TOKEN"));
      List<String> complaints = browser.complaints();
      assertEquals(3, complaints.size(), complaints::toString);
      complaints.forEach(each -> assertTrue(each.contains("status of 401"), each));
      leave();
    }
  }

  /** White letters on the colour of each class, as WCAG's AA asks. */
  @Test
  void labelsHaveContrast() {
    for (int i = 0; i < 10; i++) {
      String colour =
          (String)
              browser.script(
                  """
                  const probe = document.createElement('i');
                  probe.className = 'class-' + arguments[0];
                  document.body.append(probe);
                  return getComputedStyle(probe).getPropertyValue('--class').trim();
                  """,
                  i);
      double luminance = luminance(HexFormat.fromHexDigits(colour, 1, 7));
      double contrast = 1.05 / (luminance + 0.05);
      assertTrue(contrast >= 4.5, "class-%d, %s: %.2f".formatted(i, colour, contrast));
    }
  }

  private static double luminance(int rgb) {
    double[] weights = {0.2126, 0.7152, 0.0722};
    double sum = 0;
    for (int i = 0; i < 3; i++) {
      double value = ((rgb >> (16 - 8 * i)) & 0xff) / 255.0;
      sum +=
          weights[i] * (value <= 0.04045 ? value / 12.92 : Math.pow((value + 0.055) / 1.055, 2.4));
    }
    return sum;
  }

  private static void awaitAnswer() throws InterruptedException {
    browser.await(
        "an answer", () -> browser.find("#status").getText().matches("\\d+ detections? in .*"));
  }

  /** How many times the page has asked for detections. */
  private static int requests() {
    return (int)
        browser.number(
            "performance.getEntriesByType('resource').filter(each => each.name.includes('/detect')).length");
  }

  private static WebElement tabTo(String css) {
    WebElement wanted = browser.find(css);
    for (int i = 0; i < 40; i++) {
      if (browser.is("document.activeElement.matches('%s')".formatted(css))) {
        return wanted;
      }
      new Actions(browser.driver()).sendKeys(Keys.TAB).perform();
    }
    throw new AssertionError(css + " is not reached by the tab key");
  }

  /** The list says these detections, and the boxes lie on the photo where they are. */
  private static void assertShown(List<Detection> expected, int width, int height) {
    List<?> entries =
        (List<?>)
            browser.script(
                "return [...document.querySelectorAll('.entry')].map(each => [...each.children].map(part => part.textContent).slice(1, 3).join(' '))");
    assertEquals(
        expected.stream().map(each -> "%s %.3f".formatted(each.label(), each.score())).toList(),
        entries);
    List<?> boxes =
        (List<?>)
            browser.script(
                """
                const frame = document.querySelector('#photo').getBoundingClientRect();
                return [...document.querySelectorAll('.box')].map(each => {
                  const box = each.getBoundingClientRect();
                  const x = value => (value - frame.left) / frame.width * arguments[0];
                  const y = value => (value - frame.top) / frame.height * arguments[1];
                  return [each.textContent, x(box.left), y(box.top), x(box.right), y(box.bottom)];
                });
                """,
                width,
                height);
    assertEquals(expected.size(), boxes.size());
    for (Detection each : expected) {
      Box box = each.box();
      String text = "%s %.2f".formatted(each.label(), each.score());
      double[] corners = {
        Math.clamp(box.xMin(), 0, width),
        Math.clamp(box.yMin(), 0, height),
        Math.clamp(box.xMax(), 0, width),
        Math.clamp(box.yMax(), 0, height)
      };
      assertTrue(
          boxes.stream().anyMatch(drawn -> isAt((List<?>) drawn, text, corners)),
          () -> "no box %s at %s; drawn: %s".formatted(text, box, boxes));
    }
  }

  private static boolean isAt(List<?> drawn, String text, double... corners) {
    if (!drawn.getFirst().equals(text)) {
      return false;
    }
    for (int i = 0; i < 4; i++) {
      if (Math.abs(((Number) drawn.get(i + 1)).doubleValue() - corners[i]) > 1) {
        return false;
      }
    }
    return true;
  }

  /** The photo of the page is this picture: the mean colours of 8 x 8 fields agree. */
  private static void assertLooksLike(BufferedImage expected) throws IOException {
    assertEquals(List.of(), browser.all(".box"));
    BufferedImage actual = Browser.look(browser.find("#photo"));
    for (int y = 0; y < 8; y++) {
      for (int x = 0; x < 8; x++) {
        double[] wanted = mean(expected, x, y);
        double[] seen = mean(actual, x, y);
        for (int c = 0; c < 3; c++) {
          assertEquals(wanted[c], seen[c], 8, "field %d, %d, channel %d".formatted(x, y, c));
        }
      }
    }
  }

  private static double[] mean(BufferedImage image, int column, int row) {
    double[] sum = new double[3];
    int width = image.getWidth() / 8;
    int height = image.getHeight() / 8;
    for (int y = row * height; y < (row + 1) * height; y++) {
      for (int x = column * width; x < (column + 1) * width; x++) {
        int rgb = image.getRGB(x, y);
        sum[0] += (rgb >> 16) & 0xff;
        sum[1] += (rgb >> 8) & 0xff;
        sum[2] += rgb & 0xff;
      }
    }
    for (int c = 0; c < 3; c++) {
      sum[c] /= (double) width * height;
    }
    return sum;
  }

  private static BufferedImage clockwise(BufferedImage image) {
    int right = image.getHeight();
    int down = image.getWidth();
    BufferedImage turned = new BufferedImage(right, down, BufferedImage.TYPE_INT_RGB);
    for (int y = 0; y < down; y++) {
      for (int x = 0; x < right; x++) {
        turned.setRGB(x, y, image.getRGB(y, right - 1 - x));
      }
    }
    return turned;
  }

  /** A JPEG with an EXIF segment that has the orientation and nothing else. */
  private static byte[] withOrientation(byte[] jpeg, int orientation) {
    String exif =
        "ffe10022457869660000" // APP1 of 34 bytes, Exif
            + "49492a0008000000" // TIFF, little-endian, directory at 8
            + "0100"
            + "1201030001000000" // orientation, one short
            + String.format(Locale.ROOT, "%02x000000", orientation)
            + "00000000";
    byte[] segment = HexFormat.of().parseHex(exif);
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    bytes.write(jpeg, 0, 2);
    bytes.writeBytes(segment);
    bytes.write(jpeg, 2, jpeg.length - 2);
    return bytes.toByteArray();
  }
}
