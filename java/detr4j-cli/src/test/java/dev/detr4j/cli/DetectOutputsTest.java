package dev.detr4j.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.detr4j.error.ImageException;
import dev.detr4j.error.ModelConfigException;
import dev.detr4j.evaluation.AnnotatedImage;
import dev.detr4j.evaluation.Annotations;
import dev.detr4j.evaluation.Category;
import dev.detr4j.evaluation.ResultsFile;
import dev.detr4j.json.JsonObject;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import picocli.CommandLine.Help.Ansi;

/** What {@code detr4j detect} takes and makes beyond one image and one format. */
class DetectOutputsTest {
  @TempDir static Path shared;
  @TempDir Path folder;

  private static Path model;
  private Path photos;

  @BeforeAll
  static void makeModel() throws IOException {
    model = CliRun.smallModel(shared.resolve("model"));
  }

  @BeforeEach
  void makePhotos() throws IOException {
    photos = Files.createDirectories(folder.resolve("photos"));
    CliRun.image(photos.resolve("a.png"), 60, 44);
    CliRun.image(photos.resolve("b.jpg"), 50, 44);
    CliRun.image(Files.createDirectories(photos.resolve("deep/er")).resolve("c.png"), 40, 44);
  }

  private static CliRun detect(Object image, Object... more) {
    Object[] all = new Object[more.length + 6];
    all[0] = "detect";
    all[1] = image;
    all[2] = "--model";
    all[3] = model;
    all[4] = "-t";
    all[5] = "0.3";
    System.arraycopy(more, 0, all, 6, more.length);
    return CliRun.of(all);
  }

  private static JsonObject json(String text) {
    byte[] wrapped = ("{\"list\": " + text + "}").getBytes(StandardCharsets.UTF_8);
    return JsonObject.parse("output", wrapped, ModelConfigException::new);
  }

  @Test
  void jsonLinesHoldWhatJsonHolds() {
    CliRun whole = detect(photos, "-r", "-f", "json");
    CliRun lines = detect(photos, "-r", "-f", "jsonl");
    assertEquals(0, lines.exit(), lines.err());
    assertEquals(3, lines.out().lines().count());
    assertEquals(
        whole.out().replaceAll("\\s", ""),
        "[" + String.join(",", lines.out().lines().toList()) + "]");
  }

  private Annotations annotations(long... images) {
    return new Annotations(
        Arrays.stream(images).mapToObj(id -> new AnnotatedImage(id, "", 0, 0)).toList(),
        List.of(new Category(1, "c")),
        List.of());
  }

  /** The boxes of the JSON format, as fractions. */
  @Test
  void azureMlResultsAreFractionsOfTheImage() throws IOException {
    List<JsonObject> plain = json(detect(photos, "-f", "json").out()).objects("list");
    List<JsonObject> azure = json(detect(photos, "-f", "azureml").out()).objects("list");
    assertEquals(2, azure.size());
    for (int i = 0; i < 2; i++) {
      assertEquals(plain.get(i).string("image"), azure.get(i).string("filename"));
      List<JsonObject> detections = plain.get(i).objects("detections");
      List<JsonObject> boxes = azure.get(i).objects("boxes");
      assertEquals(detections.size(), boxes.size());
      assertFalse(boxes.isEmpty());
      for (int k = 0; k < boxes.size(); k++) {
        assertEquals(detections.get(k).string("label"), boxes.get(k).string("label"));
        double right = detections.get(k).object("box").number("x_max");
        double bottom = detections.get(k).object("box").number("y_max");
        JsonObject box = boxes.get(k).object("box");
        assertEquals(right / plain.get(i).number("width"), box.number("bottomX"), 1e-6);
        assertEquals(bottom / plain.get(i).number("height"), box.number("bottomY"), 1e-6);
      }
    }
  }

  @Test
  void cocoResultsAreNumberedByFileNameOrElseByPlace() throws IOException {
    CliRun byPlace = detect(photos, "-f", "coco");
    assertEquals(0, byPlace.exit(), byPlace.err());
    Path file = Files.writeString(folder.resolve("r.json"), byPlace.out());
    assertFalse(ResultsFile.read(file, annotations(1, 2)).isEmpty());
    assertTrue(byPlace.out().contains("a.png"), byPlace.out());

    Files.move(photos.resolve("a.png"), photos.resolve("000000139.png"));
    Files.move(photos.resolve("b.jpg"), photos.resolve("007.jpg"));
    CliRun byName = detect(photos, "-f", "coco");
    Files.writeString(file, byName.out());
    assertEquals(
        ResultsFile.read(file, annotations(139, 7)).size(),
        json(byName.out()).objects("list").size());
    assertFalse(byName.out().contains("file_name"), byName.out());
    CliRun none = CliRun.of("detect", photos, "--model", model, "-f", "coco", "-t", "1");
    assertTrue(json(none.out()).objects("list").isEmpty(), none.out());
  }

  @Test
  void labelsAreFiltered() {
    List<String> all = labels(detect(photos, "-f", "csv"));
    assertTrue(all.stream().distinct().count() > 1, all::toString);
    String first = all.getFirst();
    List<String> only =
        labels(detect(photos, "-f", "csv", "--only", first.toLowerCase(Locale.ROOT)));
    assertEquals(List.of(first), only.stream().distinct().toList());
    List<String> except = labels(detect(photos, "-f", "csv", "--except", first));
    assertEquals(all.size(), only.size() + except.size());
    assertFalse(except.contains(first));
    String number = first.substring(first.length() - 1);
    assertEquals(only, labels(detect(photos, "-f", "csv", "--only", number)));
    detect(photos, "--only", number + ", 77").assertRefused(1, "--only 77", "labels 0 to ");
    assertEquals(
        List.of(), labels(detect(photos, "-f", "csv", "--only", first, "--except", number)));
    detect(photos, "--only", "zebra").assertRefused(1, "--only zebra", "LABEL_0, LABEL_1");
    detect(photos, "--except", "zebra").assertRefused(1, "--except zebra");
  }

  private static List<String> labels(CliRun run) {
    assertEquals(0, run.exit(), run.err());
    return run.out().lines().skip(1).map(line -> line.split(",", -1)[3]).toList();
  }

  @Test
  void cropsAreCutWithAMargin() throws IOException {
    Path crops = folder.resolve("crops");
    CliRun run = detect(photos, "-r", "--crop", crops, "--crop-margin", "0", "-f", "json");
    assertEquals(0, run.exit(), run.err());
    JsonObject image = json(run.out()).objects("list").getFirst();
    JsonObject found = image.objects("detections").getFirst();
    JsonObject box = found.object("box");
    Path file = crops.resolve("a-1-" + found.string("label") + ".png");
    BufferedImage crop = ImageIO.read(file.toFile());
    int left = (int) Math.max(0, Math.floor(box.number("x_min")));
    int right = (int) Math.min(60, Math.ceil(box.number("x_max")));
    int top = (int) Math.max(0, Math.floor(box.number("y_min")));
    assertEquals(right - left, crop.getWidth());
    BufferedImage photo = ImageIO.read(photos.resolve("a.png").toFile());
    assertEquals(photo.getRGB(left, top), crop.getRGB(0, 0));
    assertTrue(
        CliRun.names(crops.resolve("deep/er")).stream()
            .allMatch(name -> name.matches("c-\\d+-.*")));
    assertEquals(0, detect(photos, "--crop", crops, "--crop-margin", "10").exit());
    assertTrue(ImageIO.read(file.toFile()).getWidth() > crop.getWidth());

    detect(photos, "--crop", photos.resolve("a.png")).assertRefused(1, "is a file");
    detect(photos, "--crop", crops, "--crop-margin", "-1").assertRefused(2, "--crop-margin");
  }

  @Test
  void labelsFromAModelCannotLeaveTheFolder() throws IOException {
    Path hostile = folder.resolve("hostile");
    CliRun.smallModel(hostile);
    Path config = hostile.resolve("config.json");
    Files.writeString(
        config, Files.readString(config).replaceAll(": *\"LABEL_\\d\"", ": \"../../x/../\""));
    Path crops = folder.resolve("crops");
    CliRun run = CliRun.of("detect", photos, "--model", hostile, "-t", "0.3", "--crop", crops);
    assertEquals(0, run.exit(), run.err());
    assertTrue(
        CliRun.names(crops).stream().allMatch(name -> name.matches("[ab]-\\d+-[_x]+\\.png")),
        () -> run.out());
    assertEquals(List.of("crops", "hostile", "photos"), CliRun.names(folder));
  }

  private List<String> images(Object pattern) {
    CliRun run = detect(pattern, "-f", "jsonl");
    assertEquals(0, run.exit(), run.err());
    return run.out()
        .lines()
        .map(line -> json(line).object("list").string("image"))
        .map(name -> photos.relativize(Path.of(name)).toString().replace('\\', '/'))
        .toList();
  }

  @Test
  void patternsAreExpanded() throws IOException {
    Files.writeString(photos.resolve("notes.txt"), "not looked at");
    assertEquals(List.of("a.png", "b.jpg"), images(photos + "/*"));
    assertEquals(List.of("b.jpg"), images(photos + "/?.{jpg,gif}"));
    assertEquals(List.of("a.png", "deep/er/c.png"), images(photos + "/**/*.png"));
    assertEquals(List.of("deep/er/c.png"), images(photos + "/deep/**/c.{png,jpg}"));
    assertEquals(List.of("deep/er/c.png"), images(photos + "/*/er/[c-d].png"));
    assertEquals(List.of("deep/er/c.png"), images(photos + "/{none,deep/**/er}/c.png"));
    assertEquals(List.of("deep/er/c.png"), images(photos + "/{x,deep/{er,re}}/c.{png,gif}"));
    CliRun.image(photos.resolve("{x}.png"), 40, 40);
    assertEquals(List.of("{x}.png"), images(photos + "/[{]*.png"));
    assertEquals(List.of("{x}.png"), images(photos + "/\\{x\\}.*"));
    Files.delete(photos.resolve("{x}.png"));
    detect(photos + "/" + "{a,b}".repeat(11)).assertRefused(1, "too many patterns");
    CliRun.image(photos.resolve("[1].png"), 40, 40);
    assertEquals(List.of("[1].png"), images(photos.resolve("[1].png")));
    detect(photos + "/*.bmp").assertRefused(1, "/*.bmp", "matches no image");
    detect(photos + "/[").assertRefused(1, "/[", "not a valid pattern");
    detect(folder + "/none/*.png").assertRefused(1, "none", "no such folder");
    Path drawn = folder.resolve("drawn");
    assertEquals(0, detect(photos + "/a*", "--draw", drawn).exit());
    assertEquals(List.of("a.png"), CliRun.names(drawn));
  }

  @Test
  void oneImageIsDrawnIntoAFolderThatIsThere() throws IOException {
    Path drawn = Files.createDirectory(folder.resolve("drawn"));
    CliRun run = detect(photos.resolve("b.jpg"), "--draw", drawn);
    assertEquals(0, run.exit(), run.err());
    assertEquals(List.of("b.png"), CliRun.names(drawn));
  }

  @Test
  void aReaderThatLeavesEndsTheRunQuietly() throws IOException {
    PrintStream before = System.out;
    StringWriter err = new StringWriter();
    Path drawn = folder.resolve("drawn");
    try {
      System.setOut(new PrintStream(gone("Broken pipe"), true, StandardCharsets.UTF_8));
      CommandLine commandLine = Main.commandLine().setErr(new PrintWriter(err));
      // The last image does not exist: nobody hears of it, because the run has ended before.
      int exit =
          commandLine.execute(
              "detect",
              photos.resolve("a.png").toString(),
              photos.resolve("missing.png").toString(),
              "--model",
              model.toString());
      assertEquals(0, exit, err.toString());
      assertEquals("", err.toString());
      // What is drawn has readers of its own.
      commandLine.execute(
          "detect", photos.toString(), "--model", model.toString(), "--draw", drawn.toString());
    } finally {
      System.setOut(before);
    }
    assertEquals(List.of("a.png", "b.png"), CliRun.names(drawn));
  }

  @Test
  void resultsThatCannotBeWrittenEndTheRun() {
    Path full = Path.of("/dev/full");
    Assumptions.assumeTrue(Files.exists(full), "this system has no /dev/full");
    // More text than is kept before it is written, and the first line that says so is the last.
    Object[] many = new Object[400];
    Arrays.fill(many, photos.resolve("a.png"));
    CliRun run = detect(photos.resolve("b.jpg"), append(many, "-f", "json", "-o", full));
    assertEquals(1, run.exit());
    assertEquals(1, run.err().lines().count(), run.err());
    assertTrue(run.err().contains("/dev/full: cannot be written"), run.err());
  }

  @Test
  void aFileThatBrokeIsNotCommitted() throws IOException {
    Path full = Path.of("/dev/full");
    Assumptions.assumeTrue(Files.exists(full), "this system has no /dev/full");
    try (ReplacedFile file = ReplacedFile.open(full)) {
      file.write(1);
      assertThrows(ImageException.class, file::flush);
      assertTrue(file.broken());
      assertThrows(ImageException.class, file::commit);
    }
  }

  @Test
  void aPictureThatCannotBeWrittenCostsThePictureAlone() throws IOException {
    Path drawn = folder.resolve("drawn");
    Files.createDirectories(drawn.resolve("b.png"));
    CliRun run = detect(photos, "-f", "csv", "--draw", drawn);
    assertEquals(1, run.exit());
    assertTrue(run.err().contains("b.png"), run.err());
    assertTrue(run.out().contains("b.jpg"), run.out());
    assertTrue(run.out().contains("a.png"), run.out());
    Path results = folder.resolve("results.csv");
    Path other = folder.resolve("other");
    Files.createDirectories(other.resolve("a.png"));
    run = detect(photos.resolve("a.png"), "-f", "csv", "--draw", other, "-o", results);
    assertEquals(1, run.exit());
    assertTrue(Files.readString(results).contains("a.png"), "no picture, and still the results");
  }

  @Test
  void aPictureIsNoFolderForSeveral() {
    detect(photos, "--draw", folder.resolve("two.png")).assertRefused(1, "two.png", "folder");
    assertFalse(Files.exists(folder.resolve("two.png")));
  }

  @Test
  void anArgumentThatStandsForNothingCostsALine() throws IOException {
    Path empty = Files.createDirectory(folder.resolve("empty"));
    Path drawn = folder.resolve("drawn");
    CliRun run = detect(empty, photos + "/zz*.png", photos, "", "--draw", drawn, "-f", "csv");
    assertEquals(1, run.exit());
    List<String> lines = run.err().lines().toList();
    assertEquals(3, lines.size(), run.err());
    assertTrue(lines.get(0).contains(empty + ": there is no image in this folder"), run.err());
    assertTrue(lines.get(1).contains("zz*.png: matches no image"), run.err());
    assertTrue(
        lines.get(2).endsWith(": '': an empty argument names no image; is a variable unset?"),
        run.err());
    assertEquals(List.of("a.png", "b.png"), CliRun.names(drawn));
    detect(empty, photos + "/zz*.png").assertRefused(1, "empty: there is no image");
    detect("").assertRefused(1, "'': an empty argument");
  }

  @Test
  void anAtSignIsAPartOfAName() throws IOException {
    Path list = Files.writeString(folder.resolve("@list"), photos.resolve("a.png").toString());
    CliRun run = detect("@" + list);
    assertEquals(1, run.exit());
    assertTrue(run.err().contains("@" + list + ": no such file"), run.err());
  }

  /**
   * Results and a progress line, each through a pipe of its own, would share a terminal's lines.
   */
  @Test
  void resultsOnATerminalHaveNoProgressLineBetweenThem() {
    String[] properties = {"detr4j.terminal", "detr4j.terminal.out"};
    StringWriter both = new StringWriter();
    try {
      Arrays.stream(properties).forEach(name -> System.setProperty(name, "true"));
      PrintWriter screen = new PrintWriter(both, true);
      String[] command = {"detect", photos.toString(), "-m", model.toString(), "-f", "csv"};
      Main.commandLine().setErr(screen).setOut(screen).execute(command);
    } finally {
      Arrays.stream(properties).forEach(System::clearProperty);
    }
    assertFalse(both.toString().contains("0/2"), both::toString);
    assertTrue(both.toString().contains("b.jpg"), both::toString);
  }

  private static Object[] append(Object[] first, Object... more) {
    Object[] all = Arrays.copyOf(first, first.length + more.length);
    System.arraycopy(more, 0, all, first.length, more.length);
    return all;
  }

  @Test
  void noImageThatIsReadIsReplaced() throws IOException {
    byte[] photo = Files.readAllBytes(photos.resolve("a.png"));
    detect(photos, "--draw", photos).assertRefused(1, "a.png", "would be replaced");
    detect(photos.resolve("a.png"), "--draw", folder.resolve("photos/../photos/a.png"))
        .assertRefused(1, "a.png", "would be replaced");
    detect(photos, "-o", photos.resolve("a.png")).assertRefused(1, "a.png", "would be replaced");
    // The drawing of d.jpg would be d.png, which is an image too.
    CliRun.image(photos.resolve("d.jpg"), 50, 44);
    CliRun.image(photos.resolve("d.png"), 50, 44);
    detect(photos + "/d.*", "--draw", photos).assertRefused(1, "d.png", "would be replaced");
    assertArrayEquals(photo, Files.readAllBytes(photos.resolve("a.png")));
  }

  @Test
  void resultsAndDrawingsHaveDifferentNames() throws IOException {
    Path one = folder.resolve("one.png");
    detect(photos.resolve("a.png"), "-o", one, "--draw", folder.resolve("photos/../one.png"))
        .assertRefused(1, "one.png: is the file of the results too");
    Path drawn = Files.createDirectory(folder.resolve("drawn"));
    detect(photos, "-o", drawn.resolve("b.png"), "--draw", drawn)
        .assertRefused(1, "b.png: is the file of the results too");
    assertEquals(List.of(), CliRun.names(drawn));
    assertFalse(Files.exists(one));
    assertEquals(0, detect(photos, "-o", drawn.resolve("c.png"), "--draw", drawn).exit());
  }

  @Test
  void aLinkStaysAndWhatItLeadsToIsReplaced() throws IOException {
    Path file = Files.writeString(folder.resolve("old.csv"), "old");
    Path link = folder.resolve("link.csv");
    try {
      Files.createSymbolicLink(link, file);
    } catch (IOException | UnsupportedOperationException e) {
      Assumptions.abort("no symbolic links here: " + e);
    }
    CliRun run = detect(photos, "-f", "csv", "-o", link);
    assertEquals(0, run.exit(), run.err());
    assertTrue(Files.isSymbolicLink(link));
    assertTrue(Files.readString(file).startsWith("image,"), Files.readString(file));
    Files.delete(file);
    assertEquals(0, detect(photos, "-f", "csv", "-o", link).exit());
    assertTrue(Files.isSymbolicLink(link));
    assertTrue(Files.readString(file).startsWith("image,"), Files.readString(file));
  }

  @Test
  void aFileInSharedMemoryIsAFile() throws IOException {
    Path memory = Path.of("/dev/shm");
    Assumptions.assumeTrue(Files.isWritable(memory), "no /dev/shm here");
    Path file = Files.createTempFile(memory, "detr4j", ".csv");
    try {
      assertEquals(0, detect(photos, "-f", "csv", "-o", file).exit());
      String once = Files.readString(file);
      assertEquals(0, detect(photos, "-f", "csv", "-o", file).exit());
      assertEquals(once, Files.readString(file), "replaced, not added to");
    } finally {
      Files.delete(file);
    }
  }

  @Test
  void aPipeIsWrittenToAndStays() throws IOException, InterruptedException {
    Path pipe = folder.resolve("pipe");
    try {
      Assumptions.assumeTrue(
          new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor() == 0, "mkfifo failed");
    } catch (IOException e) {
      Assumptions.abort("no mkfifo here: " + e);
    }
    FutureTask<String> reader = new FutureTask<>(() -> Files.readString(pipe));
    Thread.ofPlatform().daemon().start(reader);
    CliRun run = detect(photos, "-f", "csv", "-o", pipe);
    assertEquals(0, run.exit(), run.err());
    assertFalse(Files.isRegularFile(pipe));
    try {
      assertTrue(reader.get(10, TimeUnit.SECONDS).startsWith("image,"));
    } catch (ExecutionException | TimeoutException e) {
      throw new AssertionError(e);
    }
  }

  private static OutputStream gone(String reason) {
    return new OutputStream() {
      @Override
      public void write(int b) throws IOException {
        throw new IOException(reason);
      }
    };
  }

  @Test
  void lostOutputIsAFaultAndAReaderThatLeftIsNone() {
    for (String reason : List.of("No space left on device", "Broken pipe")) {
      StandardOutput output = new StandardOutput(gone(reason), false);
      PrintStream print = new PrintStream(output, false, StandardCharsets.UTF_8);
      assertNull(output.loss());
      print.println("results");
      assertTrue(print.checkError());
      String loss = output.loss();
      if (reason.contains("pipe")) {
        assertNull(loss);
      } else {
        assertEquals("standard output: cannot be written: " + reason, loss);
      }
      StandardOutput reader = new StandardOutput(gone(reason), true);
      assertThrows(IOException.class, () -> reader.write(1));
      assertNull(reader.loss(), "a reader that left, whatever the language");
    }
  }

  @Test
  void aLinkToItsOwnFolderIsNotFollowedForEver() throws IOException {
    Path link = photos.resolve("deep/again");
    try {
      Files.createSymbolicLink(link, photos);
    } catch (IOException | UnsupportedOperationException e) {
      Assumptions.abort("no symbolic links here: " + e);
    }
    CliRun run = detect(photos, "-r", "-f", "jsonl");
    assertEquals(0, run.exit(), run.err());
    assertEquals(3, run.out().lines().count(), run.out());
  }

  @Test
  void coloursAreForTerminalsAndFollowNoMarkup() throws IOException {
    ImageInputs.Input input = new ImageInputs.Input("@|red x|@.png", null, Path.of("x.png"));
    List<Found> found = List.of(new Found("@|blue y|@", 0, 0.5f, 1, 2, 3, 4));
    StringWriter plain = new StringWriter();
    new TextDetections(plain, Ansi.OFF).write(input, 10, 20, found);
    assertEquals(-1, plain.toString().indexOf('\033'));
    StringWriter coloured = new StringWriter();
    new TextDetections(coloured, Ansi.ON).write(input, 10, 20, found);
    assertTrue(coloured.toString().contains("\033[1m@|red x|@.png\033["), coloured.toString());
    assertEquals(plain.toString(), coloured.toString().replaceAll("\033\\[[0-9;]*m", ""));
  }

  @Test
  void numbersAreTheSameWhereDigitsAreNot() {
    Locale before = Locale.getDefault();
    CliRun plain = detect(photos);
    try {
      Locale.setDefault(Locale.forLanguageTag("ar-EG"));
      assertEquals(plain, detect(photos));
    } finally {
      Locale.setDefault(before);
    }
  }
}
