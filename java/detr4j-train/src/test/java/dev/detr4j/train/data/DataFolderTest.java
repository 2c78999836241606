package dev.detr4j.train.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.detr4j.train.TrainingException;
import dev.detr4j.train.fault.Fault;
import dev.detr4j.train.fault.Findings;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Each format in the layouts that programs write, and files that are none. */
class DataFolderTest {
  private static final String CATS =
      "{\"id\": 3, \"name\": \"cat\"}, {\"id\": 8, \"name\": \"dog\"}";

  @TempDir Path folder;
  private final Findings findings = new Findings();

  private TrainingData read() {
    return read(0);
  }

  private TrainingData read(double share) {
    return DataFolder.read(folder, null, null, share, 1, findings);
  }

  private static void assertBox(
      int label, double x, double y, double width, double height, LabelledBox box) {
    assertEquals(label, box.label());
    // Fractions of sides below 1000: a few roundings of double.
    assertEquals(x, box.x(), 1e-10);
    assertEquals(y, box.y(), 1e-10);
    assertEquals(width, box.width(), 1e-10);
    assertEquals(height, box.height(), 1e-10);
  }

  private static String image(int id, String name) {
    return "{\"id\": %d, \"file_name\": \"%s\", \"width\": 40, \"height\": 30}".formatted(id, name);
  }

  private static String box(int image, int category) {
    return "{\"id\": %d, \"image_id\": %d, \"category_id\": %d, \"bbox\": [1, 2, 10.5, 12], \"area\": 100, \"iscrowd\": 0}"
        .formatted(100 * image + category, image, category);
  }

  @Test
  void cocoAsRoboflowWritesIt() {
    String classes =
        "{\"id\": 0, \"name\": \"pets\", \"supercategory\": \"none\"}, {\"id\": 1, \"name\": \"cat\", \"supercategory\": \"pets\"}";
    SampleFiles.picture(folder.resolve("train/a.jpg"), 40, 30, 1);
    SampleFiles.coco(
        folder.resolve("train/_annotations.coco.json"), image(7, "a.jpg"), box(7, 1), classes);
    SampleFiles.coco(
        folder.resolve("valid/_annotations.coco.json"), image(1, "b.jpg"), box(1, 1), classes);
    TrainingData data = read();
    assertEquals(List.of("cat"), data.train().classes());
    assertEquals(1, findings.count(Fault.GROUP_CLASS) / 2);
    assertBox(0, 1, 2, 10.5, 12, data.train().images().getFirst().boxes().getFirst());
    assertEquals("b.jpg", data.validation().images().getFirst().name());
    assertTrue(data.train().description().startsWith("COCO: "), data.train().description());
  }

  @Test
  void cocoAsCocoIsLaidOut() {
    SampleFiles.picture(folder.resolve("images/train2017/a.jpg"), 40, 30, 1);
    SampleFiles.coco(
        folder.resolve("annotations/instances_train2017.json"), image(7, "a.jpg"), box(7, 8), CATS);
    SampleFiles.coco(
        folder.resolve("annotations/instances_val2017.json"), image(7, "a.jpg"), box(7, 3), CATS);
    SampleFiles.text(folder.resolve("annotations/captions_train2017.json"), "{\"images\": []}");
    TrainingData data = read();
    assertEquals(List.of("cat", "dog"), data.train().classes());
    assertEquals(1, data.train().images().getFirst().boxes().getFirst().label());
    assertEquals(
        folder.toAbsolutePath().resolve("images/train2017/a.jpg"),
        data.train().images().getFirst().file());
    assertEquals(2, findings.count(Fault.ID_GAPS));
  }

  @Test
  void oneCocoFileIsSplitByNameAndSeed() {
    StringBuilder images = new StringBuilder();
    for (int i = 0; i < 20; i++) {
      images.append(i == 0 ? "" : ", ").append(image(i, i + ".jpg"));
    }
    Path file = SampleFiles.coco(folder.resolve("all.json"), images.toString(), box(3, 3), CATS);
    TrainingData data = DataFolder.read(file, folder, null, 0.2, 1, findings);
    assertEquals(16, data.train().images().size());
    assertEquals(4, data.validation().images().size());
    TrainingData again = DataFolder.read(file, folder, null, 0.2, 1, findings);
    assertEquals(data.validation().images(), again.validation().images());
    TrainingData other = DataFolder.read(file, folder, null, 0.2, 2, findings);
    assertFalse(data.validation().images().equals(other.validation().images()));
  }

  @Test
  void listsMayComeInAnyOrderAndIdsBeText() {
    SampleFiles.text(
        folder.resolve("x.json"),
        """
        {"annotations": [{"image_id": "u", "category_id": 7.0, "bbox": [0, 0, 5, 5]}],
         "info": {"a": [1, {"b": 2}]},
         "categories": [{"id": 7, "name": "cat"}],
         "images": [{"id": "u", "file_name": "sub/a.jpg"}]}
        """);
    TrainingData data = read();
    assertBox(0, 0, 0, 5, 5, data.train().images().getFirst().boxes().getFirst());
    assertTrue(Double.isNaN(data.train().images().getFirst().boxes().getFirst().area()));
    assertEquals(0, data.train().images().getFirst().width());
    assertFalse(findings.count(Fault.NO_VALIDATION) == 0);
  }

  @Test
  void yoloWithPolygonsAndImagesWithoutFiles() {
    SampleFiles.text(
        folder.resolve("data.yaml"),
        "path: .\ntrain: images/train\nval: images/val\nnc: 2\nnames:\n  0: no\n  1: dog\n");
    SampleFiles.picture(folder.resolve("images/train/sub/a.jpg"), 40, 30, 1);
    SampleFiles.picture(folder.resolve("images/train/b.jpg"), 40, 30, 2);
    SampleFiles.picture(folder.resolve("images/val/c.png"), 40, 30, 3);
    SampleFiles.text(
        folder.resolve("labels/train/sub/a.txt"),
        "1 0.5 0.5 0.2 0.4\n0 0.1 0.2 0.3 0.2 0.3 0.6\n\n0 0.1 0.1 0.2 0.1 0.2 0.3 0.1 0.3\n");
    TrainingData data = read();
    assertEquals(List.of("no", "dog"), data.train().classes());
    assertTrue(data.train().images().getFirst().boxes().isEmpty());
    List<LabelledBox> boxes = data.train().images().get(1).sized(40, 30).boxes();
    assertBox(1, 16, 9, 8, 12, boxes.get(0));
    assertBox(0, 4, 6, 8, 12, boxes.get(1));
    assertBox(0, 4, 3, 4, 6, boxes.get(2));
    assertEquals(1, data.validation().images().size());
  }

  @Test
  void yoloWithAListAndNamesInAList() {
    SampleFiles.picture(folder.resolve("images/a.jpg"), 40, 30, 1);
    SampleFiles.text(folder.resolve("train.txt"), "./images/a.jpg\n");
    SampleFiles.text(
        folder.resolve("coco.yaml"), "train: train.txt\nval: ../../images\nnames: [cat, 'off']\n");
    TrainingData data = read();
    assertEquals(List.of("cat", "off"), data.train().classes());
    assertEquals(1, data.train().images().size());
    assertEquals(1, data.validation().images().size());
  }

  @Test
  void azureMachineLearning() {
    String line =
        "{\"image_url\": \"%s\", \"image_details\": {\"format\": \"jpg\", \"width\": \"40px\", \"height\": 30}, \"label\": [{\"label\": \"%s\", \"topX\": 0.25, \"topY\": 0.1, \"bottomX\": 0.75, \"bottomY\": 0.9, \"isCrowd\": %s}]}\n";
    SampleFiles.picture(folder.resolve("pets/a.jpg"), 40, 30, 1);
    SampleFiles.picture(folder.resolve("b.jpg"), 40, 30, 2);
    SampleFiles.text(
        folder.resolve("training-mltable-folder/train.jsonl"),
        line.formatted(
                "azureml://subscriptions/s/resourcegroups/r/workspaces/w/datastores/d/paths/UI/pets/a.jpg",
                "dog",
                0)
            + line.formatted("AmlDatastore://store/x/b.jpg", "cat", "true"));
    SampleFiles.text(
        folder.resolve("training-mltable-folder/MLTable"),
        "paths:\n  - file: ./train.jsonl\ntransformations:\n  - read_json_lines:\n      encoding: utf8\n");
    SampleFiles.text(
        folder.resolve("validation-mltable-folder/validation.jsonl"),
        "{\"image_url\": \"b.jpg\", \"label\": [{\"label\": \"dog\", \"polygon\": [[0.1, 0.2, 0.5, 0.2, 0.5, 0.6]]}]}\n");
    SampleFiles.text(
        folder.resolve("validation-mltable-folder/MLTable"),
        "paths:\n  - file: ./validation.jsonl\n");
    TrainingData data = read();
    assertEquals("", findings.toString());
    assertEquals(List.of("cat", "dog"), data.train().classes());
    TrainingImage first = data.train().images().getFirst();
    assertEquals(folder.toAbsolutePath().resolve("pets/a.jpg"), first.file());
    assertEquals(40, first.width());
    assertBox(1, 10, 3, 20, 24, first.sized(40, 30).boxes().getFirst());
    assertTrue(data.train().images().get(1).boxes().getFirst().crowd());
    LabelledBox polygon = data.validation().images().getFirst().sized(10, 10).boxes().getFirst();
    assertBox(1, 1, 2, 4, 4, polygon);
  }

  private static String voc(String name, String box) {
    return """
    <annotation><folder>x</folder><filename>%s</filename>
      <size><width>40</width><height>30</height><depth>3</depth></size>
      <object><name>cat</name><difficult>1</difficult><bndbox>%s</bndbox>
        <part><name>head</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>2</xmax><ymax>2</ymax></bndbox></part>
      </object>
    </annotation>
    """
        .formatted(name, box);
  }

  @Test
  void pascalVoc() {
    SampleFiles.picture(folder.resolve("JPEGImages/000001.jpg"), 40, 30, 1);
    SampleFiles.picture(folder.resolve("JPEGImages/000002.jpg"), 40, 30, 2);
    SampleFiles.text(
        folder.resolve("Annotations/000001.xml"),
        voc("000001.jpg", "<xmin>1</xmin><ymin>2</ymin><xmax>40</xmax><ymax>20.5</ymax>"));
    SampleFiles.text(
        folder.resolve("Annotations/000002.xml"),
        voc("", "<xmin>5</xmin><ymin>2</ymin><xmax>9</xmax><ymax>20</ymax>"));
    SampleFiles.text(folder.resolve("ImageSets/Main/train.txt"), "000001\n");
    SampleFiles.text(folder.resolve("ImageSets/Main/val.txt"), "000002 1\n");
    TrainingData data = read();
    TrainingImage image = data.train().images().getFirst();
    assertEquals(1, image.boxes().size());
    // From 1 and with the end inside: it reaches pixel 40 of 40.
    assertBox(0, 0, 1, 40, 19.5, image.boxes().getFirst());
    assertTrue(data.train().description().contains("from 1"), data.train().description());
    assertEquals("000002", data.validation().images().getFirst().name());
    assertEquals(2, findings.count(Fault.DIFFICULT));
  }

  @Test
  void vocOfTodaysPrograms() {
    SampleFiles.picture(folder.resolve("train/a.jpg"), 40, 30, 1);
    SampleFiles.text(
        folder.resolve("train/a.xml"),
        voc("a.jpg", "<xmin>0</xmin><ymin>2</ymin><xmax>40</xmax><ymax>20</ymax>"));
    TrainingData data = read();
    assertBox(0, 0, 2, 40, 18, data.train().images().getFirst().boxes().getFirst());
    assertTrue(data.train().description().contains("from 0"), data.train().description());
  }

  @Test
  void outsideEntitiesAreNotRead() {
    Path secret = SampleFiles.text(folder.resolve("secret"), "cat");
    SampleFiles.picture(folder.resolve("train/a.jpg"), 40, 30, 1);
    SampleFiles.text(
        folder.resolve("train/a.xml"),
        "<!DOCTYPE a [<!ENTITY s SYSTEM \"%s\">]><annotation><object><name>&s;</name></object></annotation>"
            .formatted(secret.toUri()));
    String message = assertThrows(TrainingException.class, this::read).getMessage();
    assertTrue(message.contains("a.xml is not valid XML"), message);
  }

  @Test
  void aNameThatLeadsOutOfTheFolderIsNoFile() {
    SampleFiles.coco(folder.resolve("x.json"), image(1, "../../etc/passwd"), box(1, 3), CATS);
    read();
    assertEquals(1, findings.count(Fault.FILE_MISSING));
  }

  @Test
  void twoFormatsAreRefused() {
    SampleFiles.coco(folder.resolve("train/a.json"), image(1, "a.jpg"), box(1, 3), CATS);
    SampleFiles.text(folder.resolve("data.yaml"), "train: .\nnames: [a]\n");
    String message = assertThrows(TrainingException.class, this::read).getMessage();
    assertTrue(message.contains("two formats, COCO") && message.contains("YOLO"), message);
  }

  @Test
  void aFolderWithoutAnnotationsSaysWhatIsKnown() {
    String message = assertThrows(TrainingException.class, this::read).getMessage();
    assertTrue(message.contains("holds no known annotations, expected COCO"), message);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "[1, 2]",
        "{\"images\": 3, \"categories\": [], \"annotations\": []}",
        "{\"images\": [], \"categories\": []}",
        "{\"images\": [], \"categories\": [], \"annotations\": [",
        "{\"images\": [{\"id\": 1}, {\"id\": 1}], \"categories\": [], \"annotations\": []}",
        "{\"images\": [3], \"categories\": [], \"annotations\": []}",
        "{\"images\": [{\"id\": {}}], \"categories\": [], \"annotations\": []}"
      })
  void brokenCocoIsOneLine(String text) {
    Path file = SampleFiles.text(folder.resolve("x.json"), text);
    String message =
        assertThrows(
                TrainingException.class, () -> DataFolder.read(file, null, null, 0, 1, findings))
            .getMessage();
    assertTrue(message.contains("x.json") && !message.contains("\n"), message);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "train: [",
        "- a",
        "train: x",
        "train: x\nnames: [a]",
        "train: .\nnames: [a]\nnc: 2",
        "train: .\nnames: {1: a}",
        "train: .\nnames: {x: a}",
        "names: [a]",
        "train: .\ntrain: .\nnames: [a]"
      })
  void brokenYamlIsOneLine(String text) {
    Path file = SampleFiles.text(folder.resolve("data.yaml"), text);
    String message =
        assertThrows(
                TrainingException.class, () -> DataFolder.read(file, null, null, 0, 1, findings))
            .getMessage();
    assertTrue(message.contains("data.yaml") && !message.contains("\n"), message);
  }
}
