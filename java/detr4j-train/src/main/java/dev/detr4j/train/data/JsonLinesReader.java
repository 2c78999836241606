package dev.detr4j.train.data;

import dev.detr4j.error.Detr4jException;
import dev.detr4j.json.JsonObject;
import dev.detr4j.train.TrainingException;
import dev.detr4j.train.fault.Fault;
import dev.detr4j.train.fault.Findings;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Reads Azure Machine Learning's JSON Lines: an image a line, corners as fractions of the image.
 *
 * <p>Addresses point into a datastore of the cloud; the file is looked for below a folder of this
 * machine, by the whole path and then by ever shorter ends of it. The format has no list of
 * classes: the sorted names of all files are it. Polygons are taken by their hull.
 */
final class JsonLinesReader {
  private static final double SLACK = 1e-3;

  private final Path folder;
  private final Findings findings;
  private final List<Line> lines = new ArrayList<>();
  private final TreeSet<String> names = new TreeSet<>();

  private record Outline(String name, double[] corners, boolean crowd, String place) {}

  private record Line(String address, Path file, int width, int height, List<Outline> objects) {}

  private JsonLinesReader(Path folder, Findings findings) {
    this.folder = folder;
    this.findings = findings;
  }

  /** The files that an MLTable names; its folder is the given one. */
  static List<Path> filesOf(Path table) {
    Map<String, Object> content = YamlFile.read(table);
    List<Path> files = new ArrayList<>();
    if (content.get("paths") instanceof List<?> paths) {
      for (Object each : paths) {
        if (each instanceof Map<?, ?> entry && entry.get("file") instanceof String name) {
          Path file = DataFiles.below(table.toAbsolutePath().normalize().resolveSibling(""), name);
          if (file == null) {
            throw new TrainingException(
                "%s: \"%s\" does not lie in the folder of the table"
                    .formatted(DataFiles.name(table), name));
          }
          files.add(file);
        }
      }
    }
    if (files.isEmpty()) {
      throw new TrainingException(
          DataFiles.name(table) + ": paths names no file, expected - file: ./train.jsonl");
    }
    return files;
  }

  /**
   * Reads files of one split.
   *
   * @param folder below which the images lie
   */
  static Dataset read(List<Path> files, Path folder, Findings findings) {
    JsonLinesReader reader = new JsonLinesReader(folder, findings);
    for (Path file : files) {
      List<String> lines = DataFiles.lines(file);
      for (int i = 0; i < lines.size(); i++) {
        if (!lines.get(i).isBlank()) {
          reader.line(file, i + 1, lines.get(i));
        }
      }
    }
    return reader.dataset(files.getFirst());
  }

  private void line(Path file, int number, String text) {
    String place = file.getFileName() + " line " + number;
    JsonObject line =
        JsonObject.parse(
            DataFiles.name(file) + " line " + number,
            text.getBytes(StandardCharsets.UTF_8),
            TrainingException::new);
    String address = line.string("image_url");
    int width = 0;
    int height = 0;
    if (line.isObject("image_details")) {
      width = pixels(line.object("image_details"), "width");
      height = pixels(line.object("image_details"), "height");
    }
    List<Outline> objects = new ArrayList<>();
    List<JsonObject> labels = line.isList("label") ? line.objects("label") : List.of();
    for (int i = 0; i < labels.size(); i++) {
      Outline object = object(labels.get(i), place + " label[" + i + "]");
      if (object != null) {
        names.add(object.name());
        objects.add(object);
      }
    }
    Path image = find(address);
    if (image == null) {
      findings.add(Fault.FILE_MISSING, address);
      image = folder;
    }
    lines.add(new Line(address, image, width, height, objects));
  }

  /** A number, or a text such as 499px. */
  private static int pixels(JsonObject details, String field) {
    String text =
        String.valueOf(details.value(field).orElse("0")).strip().replaceFirst("px$", "").strip();
    try {
      double value = Double.parseDouble(text);
      return value > 0 && value <= 1 << 20 ? (int) value : 0;
    } catch (NumberFormatException e) {
      return 0;
    }
  }

  private @Nullable Outline object(JsonObject label, String place) {
    double[] corners;
    try {
      corners =
          label.isList("polygon")
              ? hull(label.numberLists("polygon"))
              : new double[] {
                label.number("topX"),
                label.number("topY"),
                label.number("bottomX"),
                label.number("bottomY")
              };
    } catch (Detr4jException e) {
      findings.add(Fault.NOT_A_NUMBER, place + ": " + e.getMessage());
      return null;
    }
    for (double corner : corners) {
      if (corner < -SLACK || corner > 1 + SLACK) {
        findings.add(Fault.OUTSIDE_UNIT, place + ": " + corner);
        return null;
      }
    }
    Object crowd = label.value("isCrowd").orElse(0);
    boolean group =
        crowd instanceof Boolean flag
            ? flag
            : crowd instanceof Number number && number.intValue() != 0;
    return new Outline(label.string("label").strip(), corners, group, place);
  }

  private static double[] hull(List<List<Double>> polygons) {
    double[] corners = {Double.MAX_VALUE, Double.MAX_VALUE, -Double.MAX_VALUE, -Double.MAX_VALUE};
    for (List<Double> polygon : polygons) {
      for (int i = 0; i < polygon.size(); i++) {
        int axis = i % 2;
        corners[axis] = Math.min(corners[axis], polygon.get(i));
        corners[axis + 2] = Math.max(corners[axis + 2], polygon.get(i));
      }
    }
    return corners;
  }

  /** The path after the datastore, then its ends, one folder shorter each time. */
  private @Nullable Path find(String address) {
    String path = address.replace('\\', '/');
    int paths = path.indexOf("/paths/");
    if (paths >= 0) {
      path = path.substring(paths + "/paths/".length());
    } else {
      path = path.replaceFirst("^[A-Za-z][A-Za-z0-9+.-]*://[^/]*/", "");
    }
    int query = path.indexOf('?');
    path = query < 0 ? path : path.substring(0, query);
    while (true) {
      Path file = DataFiles.below(folder, path);
      if (file != null && Files.isRegularFile(file)) {
        return file;
      }
      int slash = path.indexOf('/');
      if (slash < 0) {
        return null;
      }
      path = path.substring(slash + 1);
    }
  }

  private Dataset dataset(Path source) {
    List<String> classes = List.copyOf(names);
    List<TrainingImage> images = new ArrayList<>();
    TreeSet<String> seen = new TreeSet<>();
    for (Line line : lines) {
      if (!seen.add(line.address())) {
        findings.add(Fault.SAME_FILE, line.address());
        continue;
      }
      List<LabelledBox> boxes = new ArrayList<>();
      for (Outline object : line.objects()) {
        double[] c = object.corners();
        boxes.add(
            new LabelledBox(
                classes.indexOf(object.name()),
                c[0],
                c[1],
                c[2] - c[0],
                c[3] - c[1],
                Double.NaN,
                object.crowd(),
                object.place()));
      }
      images.add(
          new TrainingImage(line.address(), line.file(), line.width(), line.height(), true, boxes));
    }
    return new Dataset("Azure ML JSON Lines: " + DataFiles.name(source), source, classes, images);
  }
}
