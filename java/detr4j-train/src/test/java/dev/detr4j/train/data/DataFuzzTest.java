package dev.detr4j.train.data;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.fail;

import dev.detr4j.error.Detr4jException;
import dev.detr4j.train.fault.Findings;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Damaged files of each format are read, or refused in one line; nothing else comes out. */
class DataFuzzTest {
  private static final String[] PIECES = {
    "NaN",
    "-1",
    "1e999",
    "null",
    "\"\"",
    "{",
    "]",
    "<",
    "&amp;",
    "&x;",
    "\u0000",
    "\n",
    ": ",
    "../",
    "99999999999999999999",
    "[[[[",
    "true",
    "\uD83D",
    "\u202E",
    "- ",
    "!!int x",
    "*a",
    "&a "
  };

  @TempDir Path folder;

  private static final String COCO =
      """
      {"images": [{"id": 1, "file_name": "a.png", "width": 40, "height": 30}],
       "annotations": [{"id": 1, "image_id": 1, "category_id": 3, "bbox": [1, 2.5, 3, 4], "area": 12, "iscrowd": 0}],
       "categories": [{"id": 3, "name": "cat", "supercategory": "pet"}]}
      """;
  private static final String YAML =
      "path: .\ntrain: images\nval: [images]\nnc: 2\nnames:\n  0: cat\n  1: dog\n";
  private static final String LINES =
      "{\"image_url\": \"azureml://x/paths/a.png\", \"image_details\": {\"width\": \"40px\"}, \"label\": [{\"label\": \"cat\", \"topX\": 0.1, \"topY\": 0.2, \"bottomX\": 0.5, \"bottomY\": 0.6, \"isCrowd\": 0}]}\n";
  private static final String VOC =
      "<annotation><filename>a.png</filename><size><width>40</width><height>30</height></size><object><name>cat</name><bndbox><xmin>1</xmin><ymin>2</ymin><xmax>3</xmax><ymax>4</ymax></bndbox></object></annotation>";

  @ParameterizedTest
  @CsvSource({
    "x.json, COCO",
    "data.yaml, YAML",
    "train.jsonl, LINES",
    "x.xml, VOC",
    "labels/a.txt, LABELS"
  })
  void damagedFilesAreOneLine(String name, String kind) throws IOException {
    SampleFiles.picture(folder.resolve("images/a.png"), 40, 30, 1);
    SampleFiles.picture(folder.resolve("a.png"), 40, 30, 1);
    String text =
        switch (kind) {
          case "COCO" -> COCO;
          case "YAML" -> YAML;
          case "LINES" -> LINES;
          case "VOC" -> VOC;
          default -> "0 0.5 0.5 0.2 0.2\n1 0.1 0.1 0.2 0.1 0.2 0.3\n";
        };
    if (kind.equals("LABELS")) {
      SampleFiles.text(folder.resolve("data.yaml"), YAML);
    }
    Path file = SampleFiles.text(folder.resolve(name), text);
    byte[] whole = text.getBytes(StandardCharsets.UTF_8);
    SplittableRandom random = new SplittableRandom(7);
    for (int trial = 0; trial < 400; trial++) {
      byte[] damaged = whole.clone();
      int at = random.nextInt(whole.length);
      switch (random.nextInt(4)) {
        case 0 -> damaged[at] = (byte) random.nextInt(256);
        case 1 -> damaged = Arrays.copyOf(whole, at);
        case 2 ->
            damaged =
                spliced(
                    whole,
                    at,
                    at + random.nextInt(whole.length - at),
                    PIECES[random.nextInt(PIECES.length)]);
        default -> damaged = spliced(whole, at, at, text.substring(random.nextInt(text.length())));
      }
      Files.write(file, damaged);
      try {
        DataFolder.read(folder, null, null, 0.5, 1, new Findings());
      } catch (Detr4jException e) {
        assertFalse(e.getMessage().contains("\n"), e.getMessage());
      } catch (RuntimeException e) {
        fail(kind + " trial " + trial + ": " + new String(damaged, StandardCharsets.UTF_8), e);
      }
    }
  }

  private static byte[] spliced(byte[] whole, int from, int to, String piece) {
    byte[] middle = piece.getBytes(StandardCharsets.UTF_8);
    byte[] made = Arrays.copyOf(whole, from + middle.length + whole.length - to);
    System.arraycopy(middle, 0, made, from, middle.length);
    System.arraycopy(whole, to, made, from + middle.length, whole.length - to);
    return made;
  }
}
