package dev.detr4j.evaluation;

import java.io.IOException;
import java.io.Writer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Detections in COCO's results format: {@code [{image_id, category_id, bbox: [x, y, width, height],
 * score}]}.
 */
public final class ResultsFile {
  private ResultsFile() {}

  /**
   * Reads a file as it streams by; other fields are skipped.
   *
   * @throws EvaluationException when the file cannot be read, is wrong, or has a detection on an
   *     image that the annotations do not have
   */
  public static List<ScoredBox> read(Path file, Annotations annotations) {
    return CocoJson.read(
        file,
        json -> {
          if (!json.isList()) {
            throw new EvaluationException(
                "is not a list, expected COCO results: [{image_id, ...}]");
          }
          List<ScoredBox> boxes = new ArrayList<>();
          json.elements(
              "detections",
              () -> {
                boxes.add(box(json, annotations));
              });
          return boxes;
        });
  }

  private static final class Fields {
    @Nullable CocoId imageId;
    @Nullable CocoId categoryId;
    @Nullable Box box;
    @Nullable Double score;
  }

  private static ScoredBox box(CocoJson json, Annotations annotations) throws IOException {
    Fields read = new Fields();
    json.fields(field -> {
      switch (field) {
        case "image_id" -> read.imageId = json.id(field);
        case "category_id" -> read.categoryId = json.id(field);
        case "bbox" -> read.box = json.box(field);
        case "score" -> read.score = json.number(field);
        default -> {}
      }
    });
    if (read.imageId == null || read.categoryId == null || read.box == null || read.score == null) {
      throw new EvaluationException(
          "a field is missing, expected image_id, category_id, bbox and score");
    }
    int image = annotations.imageIndex(read.imageId);
    if (image < 0) {
      throw new EvaluationException(
          "there is no image with id " + read.imageId + " in the annotations");
    }
    int category = annotations.categoryIndex(read.categoryId);
    // The ids of the annotations, so that those of this file need no memory.
    return new ScoredBox(
        annotations.images().get(image).id(),
        category < 0 ? read.categoryId : annotations.categories().get(category).id(),
        read.box,
        read.score);
  }

  /** Writes a file, one detection a line; numbers give back the same doubles. */
  public static void write(List<ScoredBox> boxes, Writer out) throws IOException {
    out.write('[');
    String separator = "\n";
    for (ScoredBox each : boxes) {
      out.write(separator);
      out.write(line(each));
      separator = ",\n";
    }
    out.write("\n]\n");
    out.flush();
  }

  /** A detection as one JSON object without line feeds. */
  public static String line(ScoredBox each) {
    Box box = each.box();
    return String.format(
        Locale.ROOT, // digits as JSON has them
        "{\"image_id\":%s,\"category_id\":%s,\"bbox\":[%s,%s,%s,%s],\"score\":%s}",
        each.imageId().json(),
        each.categoryId().json(),
        box.x(),
        box.y(),
        box.width(),
        box.height(),
        each.score());
  }
}
