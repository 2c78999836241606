package dev.detr4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.detr4j.error.ModelConfigException;
import dev.detr4j.json.JsonObject;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code detr4j detect} where all is well, on whatever backend is best here. */
class DetectCommandTest {
  @TempDir static Path shared;
  @TempDir Path folder;

  private static Path model;
  private static Path photo;

  @BeforeAll
  static void makeModel() throws IOException {
    model = CliRun.smallModel(shared.resolve("model"));
    photo = CliRun.image(shared.resolve("photo.png"), 120, 90);
  }

  private static JsonObject json(String text) {
    byte[] wrapped = ("{\"images\": " + text + "}").getBytes(StandardCharsets.UTF_8);
    return JsonObject.parse("output", wrapped, ModelConfigException::new);
  }

  @Test
  void labelsAndSoftSuppressionAreOptions() throws IOException {
    Path labels = folder.resolve("labels.txt");
    Files.writeString(labels, "ash\nbeech\ncedar\nelm\nfir\n");
    String[] plain = csv();
    String[] soft = csv("--soft-nms", "--labels", labels.toString());
    assertTrue(soft.length > 1 && soft.length <= plain.length);
    double best = Double.parseDouble(plain[1].split(",", -1)[5]);
    double sum = 0;
    double softSum = 0;
    for (int i = 1; i < plain.length; i++) {
      sum += Double.parseDouble(plain[i].split(",", -1)[5]);
    }
    for (int i = 1; i < soft.length; i++) {
      String[] cells = soft[i].split(",", -1);
      assertEquals(
          List.of("ash", "beech", "cedar", "elm", "fir").get(Integer.parseInt(cells[4])), cells[3]);
      softSum += Double.parseDouble(cells[5]);
    }
    assertEquals(best, Double.parseDouble(soft[1].split(",", -1)[5]));
    assertTrue(softSum < sum, "overlapping boxes have lower scores");
    CliRun.of("detect", photo, "--model", model, "--variant", "refine")
        .assertRefused(1, "apply to files without a config.json");
    Files.writeString(labels, "ash\n");
    CliRun.of("detect", photo, "--model", model, "--labels", labels)
        .assertRefused(1, "labels.txt: there are 1 lines, expected one for each of 5 classes");
  }

  private static String[] csv(String... options) {
    List<Object> arguments =
        new ArrayList<>(List.of("detect", photo, "--model", model, "-t", "0", "-f", "csv"));
    arguments.addAll(List.of(options));
    CliRun run = CliRun.of(arguments.toArray());
    assertEquals(0, run.exit(), run.err());
    return run.out().lines().toArray(String[]::new);
  }

  @Test
  void jsonHoldsWhatCsvAndTextHold() {
    CliRun run = CliRun.of("detect", photo, "--model", model, "-t", "0.3", "-f", "json");
    assertEquals(0, run.exit(), run.err());
    assertEquals("", run.err());
    JsonObject image = json(run.out()).objects("images").getFirst();
    assertEquals(photo.toString(), image.string("image"));
    assertEquals(120, image.integer("width", 0, 1000));
    assertEquals(90, image.integer("height", 0, 1000));
    List<JsonObject> detections = image.objects("detections");
    assertFalse(detections.isEmpty());

    List<String> csv =
        CliRun.of("detect", photo, "--model", model, "-t", "0.3", "-f", "CSV")
            .out()
            .lines()
            .toList();
    assertEquals("image,width,height,label,label_id,score,x_min,y_min,x_max,y_max", csv.getFirst());
    assertEquals(detections.size(), csv.size() - 1);
    double previous = 1;
    for (int i = 0; i < detections.size(); i++) {
      JsonObject detection = detections.get(i);
      JsonObject box = detection.object("box");
      String[] cells = csv.get(i + 1).split(",", -1);
      assertEquals(detection.string("label"), cells[3]);
      assertEquals(detection.integer("label_id", 0, 1000), Integer.parseInt(cells[4]));
      assertEquals(detection.number("score"), Double.parseDouble(cells[5]));
      assertEquals(box.number("x_min"), Double.parseDouble(cells[6]));
      assertEquals(box.number("y_max"), Double.parseDouble(cells[9]));
      assertTrue(detection.number("score") > 0.3 && detection.number("score") <= previous);
      previous = detection.number("score");
    }

    List<String> text =
        CliRun.of("detect", photo, "--model", model, "-t", "0.3").out().lines().toList();
    assertEquals(detections.size() + 2, text.size());
    assertTrue(
        text.getFirst().endsWith("120x90  " + detections.size() + " detections"), text::getFirst);
    assertEquals(
        1, text.subList(1, text.size()).stream().mapToInt(String::length).distinct().count());
  }

  @Test
  void theBestComesFirstWhereTheModelKeepsTheOrderOfItsQueries() throws IOException {
    Path softmax = CliRun.softmaxModel(folder.resolve("softmax"));
    CliRun run = CliRun.of("detect", photo, "--model", softmax, "-t", "0", "-f", "csv");
    assertEquals(0, run.exit(), run.err());
    List<Double> scores =
        run.out().lines().skip(1).map(line -> Double.valueOf(line.split(",", -1)[5])).toList();
    assertEquals(100, scores.size());
    assertEquals(scores.stream().sorted(Comparator.reverseOrder()).toList(), scores);
  }

  @Test
  void numbersDoNotDependOnTheLocale() {
    Locale before = Locale.getDefault();
    CliRun plain = CliRun.of("detect", photo, "--model", model, "-t", "0.3");
    try {
      Locale.setDefault(Locale.GERMANY);
      assertEquals(plain, CliRun.of("detect", photo, "--model", model, "-t", "0.3"));
    } finally {
      Locale.setDefault(before);
    }
  }

  @Test
  void readsStandardInput() throws IOException {
    InputStream before = System.in;
    try {
      System.setIn(new ByteArrayInputStream(Files.readAllBytes(photo)));
      CliRun run = CliRun.of("detect", "-", "--model", model, "-t", "0.3", "-f", "json");
      assertEquals(0, run.exit(), run.err());
      assertEquals("-", json(run.out()).objects("images").getFirst().string("image"));
    } finally {
      System.setIn(before);
    }
  }

  @Test
  void aFolderIsSortedAndABadImageCostsOneLine() throws IOException {
    Path photos = Files.createDirectories(folder.resolve("photos"));
    CliRun.image(photos.resolve("b.png"), 40, 40);
    CliRun.image(photos.resolve("a.jpg"), 50, 40);
    Files.writeString(photos.resolve("broken.jpg"), "no image");
    Files.writeString(photos.resolve("notes.txt"), "not looked at");
    CliRun.image(Files.createDirectories(photos.resolve("deep")).resolve("b.png"), 40, 60);
    Path output = folder.resolve("found.json");
    Path drawn = folder.resolve("drawn");
    CliRun run =
        CliRun.of(
            "detect", photos, "--model", model, "-f", "json", "-o", output, "--draw", drawn, "-r");
    assertEquals(1, run.exit());
    assertEquals(1, run.err().lines().count(), run.err());
    assertTrue(run.err().contains("broken.jpg"), run.err());
    assertEquals("", run.out());
    assertEquals(
        List.of("a.jpg", "b.png", "deep/b.png"),
        json(Files.readString(output)).objects("images").stream()
            .map(image -> photos.relativize(Path.of(image.string("image"))).toString())
            .map(name -> name.replace('\\', '/'))
            .toList());
    assertEquals(List.of("a.png", "b.png", "deep"), CliRun.names(drawn));
    assertEquals(List.of("b.png"), CliRun.names(drawn.resolve("deep")));
    assertEquals(List.of("drawn", "found.json", "photos"), CliRun.names(folder));
  }

  @Test
  void drawsOnACopyOfTheImage() throws IOException {
    Path target = folder.resolve("drawn.png");
    CliRun run = CliRun.of("detect", photo, "--model", model, "-t", "0.3", "--draw", target);
    assertEquals(0, run.exit(), run.err());
    BufferedImage before = ImageIO.read(photo.toFile());
    BufferedImage after = ImageIO.read(target.toFile());
    assertEquals(before.getWidth(), after.getWidth());
    assertEquals(before.getHeight(), after.getHeight());
    int changed = 0;
    for (int y = 0; y < after.getHeight(); y++) {
      for (int x = 0; x < after.getWidth(); x++) {
        changed += before.getRGB(x, y) == after.getRGB(x, y) ? 0 : 1;
      }
    }
    assertTrue(changed > 100, () -> "nothing was drawn");
    assertEquals(List.of("drawn.png"), CliRun.names(folder));
  }

  @Test
  void nothingFoundIsAResult() {
    CliRun run = CliRun.of("detect", photo, "--model", model, "-t", "1", "-f", "json");
    assertEquals(0, run.exit(), run.err());
    assertTrue(json(run.out()).objects("images").getFirst().objects("detections").isEmpty());
    assertTrue(
        CliRun.of("detect", photo, "--model", model, "-t", "1").out().contains("nothing found"));
  }

  @Test
  void orientationIsApplied() throws IOException {
    Path turned = folder.resolve("turned.jpg");
    byte[] jpeg = Files.readAllBytes(CliRun.image(folder.resolve("plain.jpg"), 64, 32));
    // A segment APP1 with one entry: orientation 6, a quarter turn.
    byte[] exif = {
      (byte) 0xff,
      (byte) 0xe1,
      0,
      34,
      'E',
      'x',
      'i',
      'f',
      0,
      0,
      'M',
      'M',
      0,
      42,
      0,
      0,
      0,
      8,
      0,
      1,
      1,
      0x12,
      0,
      3,
      0,
      0,
      0,
      1,
      0,
      6,
      0,
      0,
      0,
      0,
      0,
      0
    };
    byte[] with = new byte[jpeg.length + exif.length];
    System.arraycopy(jpeg, 0, with, 0, 2);
    System.arraycopy(exif, 0, with, 2, exif.length);
    System.arraycopy(jpeg, 2, with, 2 + exif.length, jpeg.length - 2);
    Files.write(turned, with);
    assertTrue(CliRun.of("detect", turned, "--model", model).out().contains("64x32"));
    CliRun applied = CliRun.of("detect", turned, "--model", model, "--orientation", "apply");
    assertTrue(applied.out().contains("32x64"), applied.out() + applied.err());
  }

  @Test
  void labelsHaveColoursThatDifferAndLettersThatShow() {
    for (int label = 0; label < 90; label++) {
      assertNotEquals(DetectionPainter.colour(label), DetectionPainter.colour(label + 1));
    }
    assertTrue(DetectionPainter.isLight(java.awt.Color.YELLOW));
    assertFalse(DetectionPainter.isLight(java.awt.Color.BLUE));
  }

  @Test
  void progressSaysHowLong() {
    assertEquals(
        "[######..................] 1/4, 0:30 left  x.jpg", ProgressLine.text(1, 4, 10, "x.jpg"));
    assertEquals(79, ProgressLine.text(0, 4, 0, "x".repeat(100)).length());
    assertTrue(ProgressLine.text(1, 1000, 60, "?").contains("16:39:00 left"));
  }
}
