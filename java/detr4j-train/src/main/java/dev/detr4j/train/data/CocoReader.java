package dev.detr4j.train.data;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import dev.detr4j.json.JsonFault;
import dev.detr4j.json.JsonReader;
import dev.detr4j.train.TrainingException;
import dev.detr4j.train.fault.Fault;
import dev.detr4j.train.fault.Findings;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads COCO's annotation files, which may hold their lists in any order.
 *
 * <p>Unlike the reader of the evaluation, which takes what pycocotools takes, this one takes what
 * can be trained on: an annotation that leads nowhere or has no numbers is counted as an error, and
 * reading goes on, so that a user sees all faults at once. Class ids become 0 to K-1 in their
 * rising order.
 */
final class CocoReader {
  private static final StreamReadConstraints LIMITS =
      StreamReadConstraints.builder().maxNestingDepth(1000).maxNumberLength(1000).build();

  private final JsonParser json;
  private final Path file;
  private final Findings findings;
  private final List<Image> images = new ArrayList<>();
  private final List<Category> categories = new ArrayList<>();
  private final List<Row> rows = new ArrayList<>();

  private record Image(String id, String name, int width, int height) {}

  private record Category(String id, String name, String group) {}

  private record Row(
      String image, String category, double @Nullable [] box, double area, boolean crowd) {}

  private CocoReader(JsonParser json, Path file, Findings findings) {
    this.json = json;
    this.file = file;
    this.findings = findings;
  }

  /** Whether the beginning of a JSON file looks like COCO's: an object with the three lists. */
  static boolean looksLikeCoco(Path file) {
    try (JsonParser json = JsonReader.factory(LIMITS, true).createParser(file.toFile())) {
      if (json.nextToken() != JsonToken.START_OBJECT) {
        return false;
      }
      Set<String> lists = new HashSet<>(Set.of("images", "categories", "annotations"));
      while (json.nextToken() == JsonToken.FIELD_NAME) {
        lists.remove(json.currentName());
        json.nextToken();
        json.skipChildren();
      }
      return lists.isEmpty();
    } catch (IOException e) {
      return false;
    }
  }

  /**
   * Reads a file.
   *
   * @param folders below one of which the images lie: the first one that has an image counts
   */
  static Dataset read(Path file, List<Path> folders, Findings findings) {
    String text = DataFiles.text(file);
    try (JsonParser json = JsonReader.factory(LIMITS, true).createParser(text)) {
      CocoReader reader = new CocoReader(json, file, findings);
      reader.lists();
      return reader.dataset(reader.folder(folders));
    } catch (JsonProcessingException e) {
      throw new TrainingException(DataFiles.name(file) + " is " + JsonFault.of(e), e);
    } catch (IOException e) {
      throw new AssertionError("reading from memory", e);
    }
  }

  private Path folder(List<Path> folders) {
    for (Path folder : folders) {
      for (Image image : images.subList(0, Math.min(20, images.size()))) {
        Path path = DataFiles.below(folder, image.name());
        if (path != null && Files.isRegularFile(path)) {
          return folder;
        }
      }
    }
    return folders.getFirst();
  }

  private TrainingException wrong(String what) {
    return new TrainingException(DataFiles.name(file) + ": " + what);
  }

  private void lists() throws IOException {
    if (json.nextToken() != JsonToken.START_OBJECT) {
      throw wrong("not a JSON object, expected one with images, annotations and categories");
    }
    Set<String> missing = new HashSet<>(Set.of("images", "categories", "annotations"));
    while (json.nextToken() == JsonToken.FIELD_NAME) {
      String field = json.currentName();
      json.nextToken();
      if (!missing.remove(field)) {
        json.skipChildren();
        continue;
      }
      if (json.currentToken() != JsonToken.START_ARRAY) {
        throw wrong(field + " is not a list");
      }
      int index = 0;
      while (json.nextToken() != JsonToken.END_ARRAY) {
        element(field, field + "[" + index++ + "]");
      }
    }
    if (!missing.isEmpty()) {
      throw wrong(
          missing.stream().sorted().findFirst().orElseThrow()
              + " is missing, expected the lists images, annotations and categories");
    }
  }

  private void element(String list, String place) throws IOException {
    if (json.currentToken() != JsonToken.START_OBJECT) {
      throw wrong(place + " is not an object");
    }
    String id = "";
    String imageId = "";
    String categoryId = "";
    String name = "";
    String group = "";
    double[] box = null;
    double area = Double.NaN;
    boolean crowd = false;
    int width = 0;
    int height = 0;
    while (json.nextToken() == JsonToken.FIELD_NAME) {
      String field = json.currentName();
      JsonToken token = json.nextToken();
      switch (field) {
        case "id" -> id = id(place, field);
        case "image_id" -> imageId = id(place, field);
        case "category_id" -> categoryId = id(place, field);
        case "file_name", "name" -> name = token.isScalarValue() ? json.getText() : "";
        case "supercategory" -> group = token.isScalarValue() ? json.getText() : "";
        case "width" -> width = pixels();
        case "height" -> height = pixels();
        case "bbox" -> box = box(place);
        case "area" -> area = token.isNumeric() ? json.getDoubleValue() : Double.NaN;
        case "iscrowd" ->
            crowd =
                token == JsonToken.VALUE_TRUE || (token.isNumeric() && json.getDoubleValue() != 0);
        default -> {}
      }
      json.skipChildren();
    }
    switch (list) {
      case "images" -> images.add(new Image(id, name, width, height));
      case "categories" -> categories.add(new Category(id, name, group));
      default -> rows.add(new Row(imageId, categoryId, box, area, crowd));
    }
  }

  /** An id as text; 7 and 7.0 are one, as in Python. */
  private String id(String place, String field) throws IOException {
    return switch (json.currentToken()) {
      case VALUE_STRING -> "\"" + json.getText() + "\"";
      case VALUE_NUMBER_INT -> json.getText();
      case VALUE_NUMBER_FLOAT -> {
        double value = json.getDoubleValue();
        yield Double.isFinite(value)
            ? new BigDecimal(value).stripTrailingZeros().toPlainString()
            : json.getText();
      }
      default -> throw wrong(place + ": " + field + " is neither a number nor a text");
    };
  }

  private int pixels() throws IOException {
    double value = json.currentToken().isNumeric() ? json.getDoubleValue() : 0;
    return value > 0 && value <= 1 << 20 ? (int) value : 0;
  }

  /** Four numbers, or null where they are not. */
  private double @Nullable [] box(String place) throws IOException {
    if (json.currentToken() != JsonToken.START_ARRAY) {
      findings.add(Fault.MALFORMED, place + ": bbox is not a list");
      return null;
    }
    double[] box = new double[4];
    int count = 0;
    boolean numbers = true;
    while (json.nextToken() != JsonToken.END_ARRAY) {
      double value = json.currentToken().isNumeric() ? json.getDoubleValue() : Double.NaN;
      if (!Double.isFinite(value)) {
        if (numbers) {
          findings.add(
              Fault.NOT_A_NUMBER,
              place
                  + ": bbox holds "
                  + (json.currentToken().isScalarValue() ? quoted() : "a list"));
        }
        numbers = false;
      }
      json.skipChildren();
      if (count < 4) {
        box[count] = value;
      }
      count++;
    }
    if (count != 4) {
      findings.add(Fault.MALFORMED, place + ": bbox has " + count + " numbers, expected four");
      return null;
    }
    return numbers ? box : null;
  }

  private String quoted() throws IOException {
    return json.currentToken() == JsonToken.VALUE_STRING
        ? "\"" + json.getText() + "\""
        : json.getText();
  }

  private Dataset dataset(Path folder) {
    Map<String, Integer> labelOf = new HashMap<>();
    List<String> classes = ClassList.checked(labels(labelOf), findings);
    Map<String, Integer> indexOf = new HashMap<>();
    Map<String, String> files = new HashMap<>();
    for (int i = 0; i < images.size(); i++) {
      Image image = images.get(i);
      if (indexOf.put(image.id(), i) != null) {
        throw wrong("images: id " + image.id() + " occurs twice");
      }
      if (files.put(image.name(), image.id()) != null) {
        findings.add(Fault.SAME_FILE, image.name());
      }
    }
    List<List<LabelledBox>> boxes = new ArrayList<>();
    images.forEach(_ -> boxes.add(new ArrayList<>()));
    for (int i = 0; i < rows.size(); i++) {
      Row row = rows.get(i);
      String place = "annotations[" + i + "]";
      Integer image = indexOf.get(row.image());
      Integer label = labelOf.get(row.category());
      if (image == null) {
        findings.add(Fault.UNKNOWN_IMAGE, place + ": image_id is " + row.image());
      } else if (label == null) {
        findings.add(Fault.UNKNOWN_CLASS, place + ": category_id is " + row.category());
      } else if (row.box() != null) {
        double[] box = row.box();
        boxes
            .get(image)
            .add(
                new LabelledBox(
                    label, box[0], box[1], box[2], box[3], row.area(), row.crowd(), place));
      }
    }
    List<TrainingImage> all = new ArrayList<>(images.size());
    for (int i = 0; i < images.size(); i++) {
      Image image = images.get(i);
      Path path = DataFiles.below(folder, image.name());
      if (path == null) {
        findings.add(
            Fault.FILE_MISSING, "\"" + image.name() + "\" is not the name of a file in the folder");
        path = folder;
      }
      all.add(
          new TrainingImage(
              image.name(), path, image.width(), image.height(), false, boxes.get(i)));
    }
    return new Dataset("COCO: " + DataFiles.name(file), file, classes, all);
  }

  /** Fills the label of each class id and returns the names in their order. */
  private List<String> labels(Map<String, Integer> labelOf) {
    Set<String> used = new HashSet<>();
    rows.forEach(row -> used.add(row.category()));
    Set<String> groups = new HashSet<>();
    categories.forEach(category -> groups.add(category.group()));
    List<Category> kept = new ArrayList<>();
    for (Category category : categories) {
      // Roboflow writes the name of the project as class 0, which no box has.
      boolean groupOnly =
          category.id().equals("0")
              && !used.contains("0")
              && groups.contains(category.name())
              && categories.size() > 1;
      if (groupOnly) {
        findings.add(Fault.GROUP_CLASS, category.name());
      } else {
        kept.add(category);
      }
    }
    Category[] sorted = kept.toArray(Category[]::new);
    Arrays.sort(sorted, (a, b) -> compareIds(a.id(), b.id()));
    List<String> names = new ArrayList<>();
    for (Category category : sorted) {
      if (labelOf.put(category.id(), names.size()) != null) {
        throw wrong("categories: id " + category.id() + " occurs twice");
      }
      names.add(category.name().isBlank() ? "class " + category.id() : category.name());
    }
    if (sorted.length > 0 && isNumber(sorted[0].id()) && isNumber(sorted[sorted.length - 1].id())) {
      BigDecimal span =
          new BigDecimal(sorted[sorted.length - 1].id()).subtract(new BigDecimal(sorted[0].id()));
      if (span.compareTo(BigDecimal.valueOf(sorted.length - 1L)) != 0) {
        findings.add(
            Fault.ID_GAPS,
            "%d classes with ids %s to %s"
                .formatted(sorted.length, sorted[0].id(), sorted[sorted.length - 1].id()));
      }
    }
    return names;
  }

  private static boolean isNumber(String id) {
    return !id.startsWith("\"") && id.matches("-?[0-9.]+");
  }

  private static int compareIds(String a, String b) {
    return isNumber(a) && isNumber(b)
        ? new BigDecimal(a).compareTo(new BigDecimal(b))
        : a.compareTo(b);
  }
}
