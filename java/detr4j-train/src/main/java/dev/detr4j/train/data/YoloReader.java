package dev.detr4j.train.data;

import dev.detr4j.train.TrainingException;
import dev.detr4j.train.fault.Fault;
import dev.detr4j.train.fault.Findings;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Reads YOLO's text files as {@code data.yaml} names them: {@code labels/…/a.txt} beside {@code
 * images/…/a.jpg}, a line {@code class cx cy w h} an object, fractions of the image. A line with
 * more numbers is a polygon or an oriented box; its hull is taken. An image without a file, or with
 * an empty one, has no objects.
 */
final class YoloReader {
  /** Rounding of the programs that write the files. */
  private static final double SLACK = 1e-3;

  private final Path yaml;
  private final Map<String, Object> settings;
  private final Findings findings;
  private final List<String> classes;

  private YoloReader(Path yaml, Findings findings) {
    this.yaml = yaml;
    this.findings = findings;
    settings = YamlFile.read(yaml);
    classes = ClassList.checked(names(), findings);
  }

  /**
   * Reads one split.
   *
   * @param keys of {@code data.yaml}, of which the first that is there counts
   * @return null when it names none of them
   */
  static @Nullable Dataset read(Path yaml, List<String> keys, Findings findings) {
    YoloReader reader = new YoloReader(yaml, findings);
    for (String key : keys) {
      Object value = reader.settings.get(key);
      if (value != null) {
        return reader.split(key, value);
      }
    }
    return null;
  }

  private TrainingException wrong(String what) {
    return new TrainingException(DataFiles.name(yaml) + ": " + what);
  }

  /** A list, or a map from number to name. */
  private List<String> names() {
    Object value = settings.get("names");
    List<String> names = new ArrayList<>();
    if (value instanceof List<?> list) {
      list.forEach(name -> names.add(String.valueOf(name)));
    } else if (value instanceof Map<?, ?> map) {
      Map<Integer, String> sorted = new TreeMap<>();
      map.forEach((key, name) -> {
        if (!(key instanceof Integer number)) {
          throw wrong("names has the key " + key + ", expected numbers from 0");
        }
        sorted.put(number, String.valueOf(name));
      });
      sorted.forEach((key, name) -> {
        if (key != names.size()) {
          throw wrong("names has no entry " + names.size() + ", expected numbers from 0");
        }
        names.add(name);
      });
    } else {
      throw wrong("names is missing, expected a list or a map of class names");
    }
    if (settings.get("nc") instanceof Number count && count.intValue() != names.size()) {
      throw wrong("nc is %s, and names has %d classes".formatted(count, names.size()));
    }
    return names;
  }

  private Dataset split(String key, Object value) {
    List<Path> images = new ArrayList<>();
    for (Object each : value instanceof List<?> list ? list : List.of(value)) {
      images.addAll(images(key, String.valueOf(each)));
    }
    List<TrainingImage> read = new ArrayList<>();
    Set<Path> seen = new HashSet<>();
    for (Path image : images) {
      if (!seen.add(image.toAbsolutePath().normalize())) {
        findings.add(Fault.SAME_FILE, DataFiles.name(image));
        continue;
      }
      read.add(new TrainingImage(name(image), image, 0, 0, true, labels(image)));
    }
    return new Dataset("YOLO: %s of %s".formatted(key, DataFiles.name(yaml)), yaml, classes, read);
  }

  /** Below the folder of the file, so that it is the same wherever that lies. */
  private String name(Path image) {
    Path path = image.toAbsolutePath().normalize();
    Path folder = yaml.toAbsolutePath().normalize().getParent();
    Path shown = folder != null && path.startsWith(folder) ? folder.relativize(path) : path;
    return shown.toString().replace('\\', '/');
  }

  /** A folder of images, or a list of them. */
  private List<Path> images(String key, String entry) {
    Path where = resolve(entry);
    if (Files.isDirectory(where)) {
      return DataFiles.imagesBelow(where);
    }
    if (!Files.isRegularFile(where)) {
      throw wrong(
          "%s is %s, and there is no such folder or list of images"
              .formatted(key, DataFiles.name(where)));
    }
    List<Path> images = new ArrayList<>();
    for (String line : DataFiles.lines(where)) {
      if (!line.isBlank()) {
        // Lists begin their lines with ./ of the list's own folder.
        Path parent = where.toAbsolutePath().getParent();
        images.add(
            line.startsWith("./") && parent != null
                ? parent.resolve(line.strip().substring(2))
                : resolve(line.strip()));
      }
    }
    return images;
  }

  /**
   * Paths stand below {@code path}, and that below the file; exports often mean their own folder.
   */
  private Path resolve(String entry) {
    try {
      Path folder = yaml.toAbsolutePath().getParent();
      Path root = folder == null ? Path.of("") : folder;
      Path below =
          settings.get("path") instanceof String path && !path.isBlank()
              ? root.resolve(path)
              : root;
      Path first = below.resolve(entry).normalize();
      if (Files.exists(first)) {
        return first;
      }
      Path second = root.resolve(entry).normalize();
      if (Files.exists(second)) {
        return second;
      }
      // Roboflow writes ../train/images into a file that lies beside train.
      Path third = root.resolve(entry.replaceFirst("^(\\.\\./)+", "")).normalize();
      return Files.exists(third) ? third : first;
    } catch (InvalidPathException e) {
      throw wrong("\"" + entry + "\" is not the name of a file");
    }
  }

  /** The text file of an image: the last folder named images becomes labels. */
  static Path labelFile(Path image) {
    Path path = image.toAbsolutePath().normalize();
    String text = DataFiles.stem(path) + ".txt";
    for (int i = path.getNameCount() - 2; i >= 0; i--) {
      if (path.getName(i).toString().equals("images")) {
        Path root = path.getRoot();
        Path folder = i == 0 ? Path.of("labels") : path.subpath(0, i).resolve("labels");
        for (int j = i + 1; j < path.getNameCount() - 1; j++) {
          folder = folder.resolve(path.getName(j).toString());
        }
        Path file = folder.resolve(text);
        return root == null ? file : root.resolve(file);
      }
    }
    return path.resolveSibling(text);
  }

  private List<LabelledBox> labels(Path image) {
    Path file = labelFile(image);
    if (!Files.exists(file)) {
      return List.of();
    }
    List<LabelledBox> boxes = new ArrayList<>();
    List<String> lines = DataFiles.lines(file);
    for (int i = 0; i < lines.size(); i++) {
      if (!lines.get(i).isBlank()) {
        LabelledBox box = line(lines.get(i).strip(), file.getFileName() + " line " + (i + 1));
        if (box != null) {
          boxes.add(box);
        }
      }
    }
    return boxes;
  }

  private @Nullable LabelledBox line(String line, String place) {
    String[] words = line.split("\\s+", -1);
    double[] numbers = new double[words.length];
    for (int i = 0; i < words.length; i++) {
      try {
        numbers[i] = Double.parseDouble(words[i]);
      } catch (NumberFormatException e) {
        numbers[i] = Double.NaN;
      }
      if (!Double.isFinite(numbers[i])) {
        findings.add(Fault.NOT_A_NUMBER, place + ": " + words[i]);
        return null;
      }
    }
    boolean polygon = numbers.length >= 7 && numbers.length % 2 == 1;
    if (numbers.length != 5 && !polygon) {
      findings.add(
          Fault.MALFORMED,
          "%s: %d numbers, expected class cx cy w h".formatted(place, numbers.length));
      return null;
    }
    int label = (int) numbers[0];
    if (label != numbers[0] || label < 0 || label >= classes.size()) {
      findings.add(
          Fault.UNKNOWN_CLASS,
          "%s: class %s, expected 0 to %d".formatted(place, words[0], classes.size() - 1));
      return null;
    }
    for (int i = 1; i < numbers.length; i++) {
      if (numbers[i] < -SLACK || numbers[i] > 1 + SLACK) {
        findings.add(Fault.OUTSIDE_UNIT, place + ": " + words[i]);
        return null;
      }
    }
    if (!polygon) {
      return new LabelledBox(
          label,
          numbers[1] - numbers[3] / 2,
          numbers[2] - numbers[4] / 2,
          numbers[3],
          numbers[4],
          Double.NaN,
          false,
          place);
    }
    double left = 1;
    double top = 1;
    double right = 0;
    double bottom = 0;
    for (int i = 1; i < numbers.length; i += 2) {
      left = Math.min(left, numbers[i]);
      right = Math.max(right, numbers[i]);
      top = Math.min(top, numbers[i + 1]);
      bottom = Math.max(bottom, numbers[i + 1]);
    }
    return new LabelledBox(label, left, top, right - left, bottom - top, Double.NaN, false, place);
  }
}
