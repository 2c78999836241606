package dev.detr4j.evaluation;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads an annotation file. The lists may come in any order, so only at the end is it known which
 * annotations count: as with pycocotools, those of listed images and classes. What is wrong with
 * another one's box does not matter. Not thread-safe.
 */
final class AnnotationReader {
  private final CocoJson json;
  private final List<AnnotatedImage> images = new ArrayList<>();
  private final List<Category> categories = new ArrayList<>();
  private final List<Row> rows = new ArrayList<>();

  private AnnotationReader(CocoJson json) {
    this.json = json;
  }

  /**
   * An annotation as it was read.
   *
   * @param box missing where there is a fault
   * @param fault what is wrong with it, if it counts
   */
  private record Row(
      CocoId id,
      CocoId imageId,
      CocoId categoryId,
      @Nullable Box box,
      double area,
      boolean crowd,
      @Nullable String fault) {}

  /** Reads the file that the parser stands at. */
  static Annotations read(CocoJson json) throws IOException {
    AnnotationReader reader = new AnnotationReader(json);
    Set<String> lists = new HashSet<>(Set.of("images", "categories", "annotations"));
    json.fields(field -> {
      lists.remove(field);
      switch (field) {
        case "images" -> json.elements(field, () -> reader.images.add(reader.image()));
        case "categories" -> json.elements(field, () -> reader.categories.add(reader.category()));
        case "annotations" -> json.elements(field, () -> reader.rows.add(reader.row()));
        default -> {}
      }
    });
    if (!lists.isEmpty()) {
      throw new EvaluationException(
          lists.stream().sorted().findFirst().orElseThrow()
              + " is missing, expected the lists images, annotations and categories");
    }
    return reader.annotations();
  }

  /** The fields of one element; what is missing is null or 0. */
  private static final class Fields {
    @Nullable CocoId id;
    @Nullable CocoId imageId;
    @Nullable CocoId categoryId;
    @Nullable Box box;
    @Nullable Double area;
    @Nullable String fault;
    boolean crowd;
    String name = "";
    int width;
    int height;

    static <T> T required(@Nullable T value, String field) {
      if (value == null) {
        throw new EvaluationException(field + " is missing");
      }
      return value;
    }
  }

  private AnnotatedImage image() throws IOException {
    Fields read = new Fields();
    json.fields(field -> {
      switch (field) {
        case "id" -> read.id = json.ownId(field);
        case "file_name" -> read.name = json.name(field, Oddity.Kind.FILE_NAME_NOT_TEXT);
        case "width" -> read.width = json.pixels(field);
        case "height" -> read.height = json.pixels(field);
        default -> {}
      }
    });
    return new AnnotatedImage(Fields.required(read.id, "id"), read.name, read.width, read.height);
  }

  private Category category() throws IOException {
    Fields read = new Fields();
    json.fields(field -> {
      switch (field) {
        case "id" -> read.id = json.ownId(field);
        case "name" -> read.name = json.name(field, Oddity.Kind.NAME_NOT_TEXT);
        default -> {}
      }
    });
    CocoId id = Fields.required(read.id, "id");
    return new Category(id, read.name.isEmpty() ? "category " + id.text() : read.name);
  }

  private Row row() throws IOException {
    Fields read = new Fields();
    json.fields(field -> {
      switch (field) {
        case "id" -> read.id = json.ownId(field);
        case "image_id" -> read.imageId = json.id(field);
        case "category_id" -> read.categoryId = json.id(field);
        case "bbox", "area", "iscrowd" -> outline(field, read);
        default -> {}
      }
    });
    Box box = read.box;
    if (box == null && read.fault == null) {
      read.fault = "bbox is missing";
    }
    return new Row(
        Fields.required(read.id, "id"),
        Fields.required(read.imageId, "image_id"),
        Fields.required(read.categoryId, "category_id"),
        box,
        read.area != null ? read.area : box != null ? box.area() : 0,
        read.crowd,
        read.fault);
  }

  private void outline(String field, Fields read) throws IOException {
    try {
      switch (field) {
        case "bbox" -> read.box = json.annotatedBox(field);
        case "area" -> read.area = json.area(field);
        default -> read.crowd = json.flag(field);
      }
    } catch (EvaluationException e) {
      read.fault = read.fault == null ? e.getMessage() : read.fault;
    }
  }

  /** Leaves out what does not count, and complains of what is wrong with the rest. */
  private Annotations annotations() {
    Map<CocoId, CocoId> listedImages = new HashMap<>();
    images.forEach(image -> listedImages.put(image.id(), image.id()));
    Map<CocoId, CocoId> listedCategories = new HashMap<>();
    categories.forEach(category -> listedCategories.put(category.id(), category.id()));
    List<AnnotatedBox> boxes = new ArrayList<>(rows.size());
    Set<CocoId> unlisted = new HashSet<>();
    for (int i = 0; i < rows.size(); i++) {
      Row row = rows.get(i);
      // The ids of the lists, so that those of the annotations need no memory.
      CocoId image = listedImages.get(row.imageId());
      CocoId category = listedCategories.get(row.categoryId());
      int index = i;
      if (image == null) {
        json.oddities()
            .add(Oddity.Kind.UNLISTED_IMAGE, () -> place(index) + "image_id is " + row.imageId());
        unlisted.add(row.id());
      } else if (category == null) {
        json.oddities()
            .add(
                Oddity.Kind.UNLISTED_CATEGORY,
                () -> place(index) + "category_id is " + row.categoryId());
        unlisted.add(row.id());
      } else if (row.box() == null || row.fault() != null) {
        throw new EvaluationException(place(i) + row.fault());
      } else {
        boxes.add(new AnnotatedBox(row.id(), image, category, row.box(), row.area(), row.crowd()));
      }
    }
    return new Annotations(images, categories, boxes, unlisted, json.oddities().list());
  }

  private static String place(int index) {
    return "annotations[" + index + "]: ";
  }
}
