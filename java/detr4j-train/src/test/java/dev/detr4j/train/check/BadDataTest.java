package dev.detr4j.train.check;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.detr4j.image.ImageDecoder;
import dev.detr4j.image.ResizeRule;
import dev.detr4j.train.data.DataFolder;
import dev.detr4j.train.data.Dataset;
import dev.detr4j.train.data.SampleFiles;
import dev.detr4j.train.data.TrainingData;
import dev.detr4j.train.fault.Fault;
import dev.detr4j.train.fault.FaultyDataException;
import dev.detr4j.train.fault.Findings;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * One test for each thing that users get wrong: what is found, how often, and with which example.
 *
 * <p>The sample set has four training images of 400x300 and one for validation. Its two classes
 * have twelve boxes each, so that it has no fault of its own.
 */
class BadDataTest {
  private static final String GOOD = "[%d, 40, 50, 60]";

  @TempDir Path folder;
  private final Findings findings = new Findings();
  private final List<String> images = new ArrayList<>();
  private final List<String> annotations = new ArrayList<>();
  private final List<String> held = new ArrayList<>();
  private String categories = "{\"id\": 1, \"name\": \"cat\"}, {\"id\": 2, \"name\": \"dog\"}";
  private ModelFacts model = new ModelFacts(300, new ResizeRule.Fixed(400, 300));
  private String validationImages = image(9, "9.png", 400, 300);

  BadDataTest() {
    for (int i = 1; i <= 4; i++) {
      images.add(image(i, i + ".png", 400, 300));
      for (int k = 0; k < 6; k++) {
        annotations.add(box(i, 1 + k % 2, GOOD.formatted(10 + 55 * k)));
      }
    }
    held.add(box(9, 1, GOOD.formatted(10)));
    held.add(box(9, 2, GOOD.formatted(90)));
  }

  private static String image(int id, String name, int width, int height) {
    return "{\"id\": %d, \"file_name\": \"%s\", \"width\": %d, \"height\": %d}"
        .formatted(id, name, width, height);
  }

  private static String box(int image, int category, String box) {
    return "{\"image_id\": %d, \"category_id\": %d, \"bbox\": %s}".formatted(image, category, box);
  }

  private TrainingData read() {
    for (int i = 1; i <= 9; i++) {
      Path file = folder.resolve((i == 9 ? "val/" : "train/") + i + ".png");
      if (!Files.exists(file) && (i <= 4 || i == 9)) {
        SampleFiles.picture(file, 400, 300, i);
      }
    }
    SampleFiles.coco(
        folder.resolve("train/a.json"),
        String.join(", ", images),
        String.join(", ", annotations),
        categories);
    SampleFiles.coco(
        folder.resolve("val/a.json"), validationImages, String.join(", ", held), categories);
    return DataFolder.read(folder, null, null, 0, 1, findings);
  }

  private void check() {
    check(read());
  }

  private void check(TrainingData data) {
    DataChecks.check(scan(data.train()), scan(data.validation()), model, findings);
  }

  private ScannedSet scan(Dataset dataset) {
    return ImageScan.scan(dataset, new ImageDecoder(), 2, findings, _ -> {});
  }

  private void assertFound(Fault fault, long count, String example) {
    assertEquals(count, findings.count(fault), findings.toString());
    String text =
        findings.list().stream()
            .filter(each -> each.fault() == fault)
            .findFirst()
            .orElseThrow()
            .toString();
    assertTrue(text.contains(example), text);
    if (fault.isError()) {
      assertThrows(FaultyDataException.class, findings::throwIfErrors);
    } else {
      findings.throwIfErrors();
    }
  }

  @Test
  void theSampleHasNoFault() {
    check();
    assertEquals("", findings.toString());
    findings.throwIfErrors();
  }

  // Errors.

  @Test
  void noImage() {
    images.clear();
    annotations.clear();
    check();
    assertFound(Fault.NO_IMAGE, 1, "there are no images");
  }

  @Test
  void noBox() {
    annotations.clear();
    check();
    assertFound(Fault.NO_BOX, 1, "no image has a box");
  }

  @Test
  void unknownImage() {
    annotations.add(box(77, 1, GOOD.formatted(1)));
    check();
    assertFound(Fault.UNKNOWN_IMAGE, 1, "annotations[24]: image_id is 77");
  }

  @Test
  void unknownCategory() {
    for (int i = 0; i < 5; i++) {
      annotations.add(box(1, 5, GOOD.formatted(i)));
    }
    check();
    assertFound(Fault.UNKNOWN_CLASS, 5, "annotations[24]: category_id is 5");
    assertTrue(findings.toString().contains("annotations[26]: category_id is 5, …"));
  }

  @Test
  void missingFile() {
    images.add(image(5, "gone.png", 400, 300));
    check();
    assertFound(Fault.FILE_MISSING, 1, "gone.png");
  }

  @Test
  void unreadableFile() throws IOException {
    images.add(image(5, "5.png", 400, 300));
    SampleFiles.picture(folder.resolve("train/5.png"), 400, 300, 5);
    byte[] whole = Files.readAllBytes(folder.resolve("train/5.png"));
    Files.write(folder.resolve("train/5.png"), Arrays.copyOf(whole, 80));
    check();
    assertFound(Fault.FILE_UNREADABLE, 1, "5.png: ");
  }

  @Test
  void otherSizeAndTurned() {
    images.add(image(5, "5.png", 300, 400));
    SampleFiles.picture(folder.resolve("train/5.png"), 400, 300, 5);
    check();
    assertFound(
        Fault.OTHER_SIZE,
        1,
        "5.png has 400x300 pixels, stated 300x400, as if its EXIF orientation");
  }

  @Test
  void textAndNaNAsCoordinates() {
    annotations.add(box(1, 1, "[\"12\", 1, 2, 3]"));
    annotations.add(box(1, 1, "[NaN, 1, 2, 3]"));
    annotations.add(box(1, 1, "[1, 1, Infinity, 3]"));
    check();
    assertFound(Fault.NOT_A_NUMBER, 3, "annotations[24]: bbox holds \"12\"");
  }

  @Test
  void malformedBox() {
    annotations.add(box(1, 1, "[1, 2, 3]"));
    check();
    assertFound(Fault.MALFORMED, 1, "bbox has 3 numbers, expected four");
  }

  private TrainingData yolo(String line) {
    SampleFiles.text(folder.resolve("data.yaml"), "train: images\nnames: [cat, dog]\n");
    SampleFiles.picture(folder.resolve("images/a.png"), 400, 300, 1);
    SampleFiles.text(folder.resolve("labels/a.txt"), "0 0.5 0.5 0.1 0.1\n" + line);
    return DataFolder.read(folder, null, null, 0, 1, findings);
  }

  @Test
  void yoloInPixels() {
    yolo("1 200 150 40 30");
    assertFound(Fault.OUTSIDE_UNIT, 1, "a.txt line 2: 200");
  }

  @Test
  void yoloClassBeyondNames() {
    yolo("2 0.5 0.5 0.1 0.1");
    assertFound(Fault.UNKNOWN_CLASS, 1, "a.txt line 2: class 2, expected 0 to 1");
  }

  @Test
  void yoloTextAndTooFewNumbers() {
    yolo("0 0.5 x 0.1 0.1\n0 0.5 0.5 nan 0.1\n0 0.5 0.5 0.1\n");
    assertFound(Fault.NOT_A_NUMBER, 2, "a.txt line 2: x");
    assertFound(Fault.MALFORMED, 1, "a.txt line 4: 4 numbers");
  }

  @Test
  void jsonLinesInPixels() {
    SampleFiles.picture(folder.resolve("a.png"), 400, 300, 1);
    SampleFiles.text(
        folder.resolve("train.jsonl"),
        "{\"image_url\": \"a.png\", \"label\": [{\"label\": \"cat\", \"topX\": 20, \"topY\": 0, \"bottomX\": 60, \"bottomY\": 1}, {\"label\": \"cat\", \"topX\": \"0.1\", \"topY\": 0, \"bottomX\": 1, \"bottomY\": 1}]}");
    DataFolder.read(folder, null, null, 0, 1, findings);
    assertFound(Fault.OUTSIDE_UNIT, 1, "train.jsonl line 1 label[0]: 20.0");
    assertFound(Fault.NOT_A_NUMBER, 1, "topX is \"0.1\"");
  }

  @Test
  void twoClassesWithOneName() {
    categories = "{\"id\": 1, \"name\": \"cat\"}, {\"id\": 2, \"name\": \" cat\"}";
    check();
    assertFound(Fault.SAME_CLASS_NAME, 2, "cat");
  }

  @Test
  void twoImagesWithOneFile() {
    images.add(image(5, "1.png", 400, 300));
    check();
    assertFound(Fault.SAME_FILE, 1, "1.png");
  }

  @Test
  void samePictureInBoth() {
    SampleFiles.picture(folder.resolve("val/9.png"), 400, 300, 2);
    check();
    assertFound(Fault.IN_BOTH, 1, "9.png is 2.png");
  }

  @Test
  void emptyValidation() {
    validationImages = "";
    held.clear();
    check();
    assertFound(Fault.NO_VALIDATION, 1, "--validation-share");
  }

  @Test
  void validationWithAnotherClass() {
    read();
    SampleFiles.coco(
        folder.resolve("val/a.json"),
        validationImages,
        String.join(", ", held),
        "{\"id\": 1, \"name\": \"cat\"}, {\"id\": 2, \"name\": \"cow\"}");
    check(DataFolder.read(folder, null, null, 0, 1, findings));
    assertFound(Fault.VALIDATION_CLASS, 1, "cow");
  }

  // Warnings.

  @Test
  void clippedBoxes() {
    annotations.add(box(1, 1, "[380, 200, 50, 60]"));
    check();
    assertFound(Fault.CLIPPED, 1, "1.png, annotations[24]: [380.0, 200.0, 50.0, 60.0] in 400x300");
  }

  @Test
  void boxesWithoutArea() {
    annotations.add(box(1, 1, "[10, 10, 0, 5]"));
    annotations.add(box(1, 1, "[500, 10, 5, 5]"));
    check();
    assertFound(Fault.NO_AREA, 2, "1.png, annotations[24]");
  }

  @Test
  void negativeBoxes() {
    annotations.add(box(1, 1, "[10, 10, -5, 5]"));
    check();
    assertFound(Fault.NEGATIVE_SIZE, 1, "annotations[24]: -5.0 x 5.0");
  }

  @Test
  void cornersInPlaceOfSizes() {
    annotations.replaceAll(
        line -> line.replaceAll("\\[(\\d+), 40, 50, 60\\]", "[$1, 140, 390, 200]"));
    check();
    assertFound(Fault.LEAVES_PICTURE, 1, "24 of 24 boxes");
  }

  @Test
  void tinyBoxes() {
    model = new ModelFacts(300, new ResizeRule.Fixed(20, 15));
    check();
    assertFound(Fault.TINY, 26, "2.5 x 3.0 pixels");
  }

  @Test
  void moreObjectsThanQueries() {
    model = new ModelFacts(5, new ResizeRule.Fixed(400, 300));
    check();
    assertFound(Fault.TOO_MANY, 4, "1.png: 6 objects, the model has 5 queries");
  }

  @Test
  void fewBoxesOfAClass() {
    annotations.removeIf(
        line -> line.contains("\"category_id\": 2") && line.contains("\"image_id\": 1"));
    check();
    assertFound(Fault.FEW_BOXES, 1, "dog: 9");
  }

  @Test
  void noneInValidation() {
    held.removeLast();
    check();
    assertFound(Fault.NONE_IN_VALIDATION, 1, "dog");
  }

  @Test
  void idsWithGaps() {
    categories = categories.replace("\"id\": 2", "\"id\": 20");
    annotations.replaceAll(line -> line.replace("\"category_id\": 2", "\"category_id\": 20"));
    held.replaceAll(line -> line.replace("\"category_id\": 2", "\"category_id\": 20"));
    check();
    assertFound(Fault.ID_GAPS, 2, "2 classes with ids 1 to 20");
  }

  @Test
  void imagesWithoutBoxes() {
    images.add(image(5, "5.png", 400, 300));
    SampleFiles.picture(folder.resolve("train/5.png"), 400, 300, 5);
    check();
    assertFound(Fault.NO_OBJECTS, 1, "5.png");
  }

  @Test
  void duplicateBoxes() {
    annotations.add(box(1, 1, "[10.5, 40, 50, 60]"));
    annotations.add(box(1, 2, "[10.5, 40, 50, 60]"));
    check();
    assertFound(Fault.DUPLICATE, 1, "1.png, annotations[0] and annotations[24]");
  }

  @Test
  void crowds() {
    annotations.add(
        "{\"image_id\": 1, \"category_id\": 1, \"bbox\": [0, 0, 300, 200], \"iscrowd\": 1}");
    check();
    assertFound(Fault.CROWD, 1, "1.png, annotations[24]");
  }

  @Test
  void areasThatDoNotFit() {
    String line = box(1, 1, "[10, 110, 50, 60]");
    annotations.add(line.replace("}", ", \"area\": 9000}"));
    annotations.add(line.replace("10, 110", "200, 110").replace("}", ", \"area\": -1}"));
    annotations.add(line.replace("10, 110", "300, 110").replace("}", ", \"area\": 0}"));
    check();
    assertFound(Fault.OTHER_AREA, 2, "area 9000.0, box 3000.0");
  }

  @Test
  void unusualPixels() {
    int[] types = {
      BufferedImage.TYPE_BYTE_GRAY, BufferedImage.TYPE_INT_ARGB, BufferedImage.TYPE_USHORT_GRAY
    };
    for (int i = 0; i < types.length; i++) {
      images.add(image(5 + i, "p" + i + ".png", 400, 300));
      annotations.add(box(5 + i, 1, GOOD.formatted(1)));
      SampleFiles.picture(folder.resolve("train/p" + i + ".png"), 400, 300, 50 + i, types[i]);
    }
    images.add(image(8, "p.jpg", 400, 300));
    annotations.add(box(8, 1, GOOD.formatted(1)));
    SampleFiles.picture(folder.resolve("train/p.jpg"), 400, 300, 60, BufferedImage.TYPE_BYTE_GRAY);
    check();
    assertFound(
        Fault.UNUSUAL_PIXELS, 4, "p0.png: grey; p1.png: transparency; p2.png: 16 bits a sample");
  }

  @Test
  void elongatedImages() {
    model = new ModelFacts(300, new ResizeRule.Fixed(384, 384));
    images.add(image(5, "5.png", 900, 300));
    annotations.add(box(5, 1, GOOD.formatted(1)));
    SampleFiles.picture(folder.resolve("train/5.png"), 900, 300, 5);
    check();
    assertFound(Fault.ELONGATED, 1, "5.png: 900x300 becomes 384x384");
  }

  @Test
  void imbalance() {
    for (int i = 0; i < 1300; i++) {
      annotations.add(
          box(1 + i % 4, 1, "[%d, %d, 5, 5]".formatted(7 * (i / 4 % 50), 110 + 7 * (i / 200))));
    }
    check();
    assertFound(Fault.IMBALANCE, 1, "cat: 1312, dog: 12");
  }

  @Test
  void otherSizesInValidation() {
    validationImages = image(9, "9.png", 1000, 900);
    SampleFiles.picture(folder.resolve("val/9.png"), 1000, 900, 9);
    check();
    assertFound(Fault.OTHER_SIZES, 1, "346 and 949 pixels");
  }

  @Test
  void allBoxesInOneCorner() {
    annotations.replaceAll(
        line -> line.replaceAll("\\[(\\d+), 40, 50, 60\\]", "[0.$1, 0.4, 50, 6]"));
    check();
    assertFound(Fault.ONE_CORNER, 1, "upper left, 24 boxes");
  }

  @Test
  void allBoxesCoverTheirPicture() {
    annotations.replaceAll(line -> line.replaceAll("\\[(\\d+), 40, 50, 60\\]", "[0, 0, 400, 300]"));
    check();
    assertFound(Fault.WHOLE_PICTURE, 1, "24 of 24 boxes");
  }
}
