package dev.detr4j.evaluation;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * What is on a set of images, as COCO's annotation files have it: {@code {images: [{id, file_name,
 * width, height}], categories: [{id, name}], annotations: [{id, image_id, category_id, bbox, area,
 * iscrowd}]}}.
 *
 * <p>Every id is unique and every reference leads somewhere. Immutable and thread-safe.
 */
public final class Annotations {
  private final List<AnnotatedImage> images;
  private final List<Category> categories;
  private final List<AnnotatedBox> boxes;
  private final Map<Long, Integer> imageIndex;
  private final Map<Long, Integer> categoryIndex;

  /**
   * Puts together what was annotated.
   *
   * @param boxes in an order that is kept: it decides between equally good matches
   * @throws EvaluationException when an id occurs twice or a box refers to nothing
   */
  public Annotations(
      List<AnnotatedImage> images, List<Category> categories, List<AnnotatedBox> boxes) {
    this.images = images.stream().sorted(Comparator.comparingLong(AnnotatedImage::id)).toList();
    this.categories = categories.stream().sorted(Comparator.comparingLong(Category::id)).toList();
    this.boxes = List.copyOf(boxes);
    imageIndex = index("images", this.images, AnnotatedImage::id);
    categoryIndex = index("categories", this.categories, Category::id);
    if (this.images.isEmpty() || this.categories.isEmpty()) {
      throw new EvaluationException(
          (this.images.isEmpty() ? "images" : "categories") + " is empty, expected at least one");
    }
    Set<Long> ids = new HashSet<>();
    for (AnnotatedBox box : this.boxes) {
      String where = "annotation with id " + box.id();
      check(ids.add(box.id()), where + " occurs twice");
      check(
          imageIndex.containsKey(box.imageId()),
          where + ": there is no image with id " + box.imageId());
      check(
          categoryIndex.containsKey(box.categoryId()),
          where + ": there is no category with id " + box.categoryId());
    }
  }

  private static void check(boolean holds, String otherwise) {
    if (!holds) {
      throw new EvaluationException(otherwise);
    }
  }

  private static <T> Map<Long, Integer> index(String name, List<T> sorted, ToLongFunction<T> id) {
    Map<Long, Integer> index = new HashMap<>();
    for (int i = 0; i < sorted.size(); i++) {
      long key = id.applyAsLong(sorted.get(i));
      check(index.put(key, i) == null, name + ": id " + key + " occurs twice");
    }
    return index;
  }

  /**
   * Reads an annotation file as it streams by; segmentations and other fields are skipped.
   *
   * <p>Beyond what COCO's own tools take, {@code iscrowd} may be missing, which means 0, and {@code
   * area}, which then is that of the box.
   *
   * @throws EvaluationException when the file cannot be read or is wrong, with the place in it
   */
  public static Annotations read(Path file) {
    return CocoJson.read(file, Annotations::read);
  }

  private static Annotations read(CocoJson json) throws IOException {
    List<AnnotatedImage> images = new ArrayList<>();
    List<Category> categories = new ArrayList<>();
    List<AnnotatedBox> boxes = new ArrayList<>();
    Set<String> lists = new HashSet<>(Set.of("images", "categories", "annotations"));
    json.fields(field -> {
      lists.remove(field);
      switch (field) {
        case "images" -> json.elements(field, () -> images.add(image(json)));
        case "categories" -> json.elements(field, () -> categories.add(category(json)));
        case "annotations" -> json.elements(field, () -> boxes.add(box(json)));
        default -> {}
      }
    });
    if (!lists.isEmpty()) {
      throw new EvaluationException(
          lists.stream().sorted().findFirst().orElseThrow()
              + " is missing, expected the lists images, annotations and categories");
    }
    return new Annotations(images, categories, boxes);
  }

  /** The fields of one element; what is missing is null or 0. */
  private static final class Fields {
    @Nullable Long id;
    @Nullable Long imageId;
    @Nullable Long categoryId;
    @Nullable Box box;
    @Nullable Double area;
    boolean crowd;
    String text = "";
    long width;
    long height;

    static <T> T required(@Nullable T value, String field) {
      if (value == null) {
        throw new EvaluationException(field + " is missing");
      }
      return value;
    }

    static int side(long value, String field) {
      check(
          value >= 0 && value <= Integer.MAX_VALUE,
          field + " is " + value + ", expected a number of pixels");
      return (int) value;
    }
  }

  private static AnnotatedImage image(CocoJson json) throws IOException {
    Fields read = new Fields();
    json.fields(field -> {
      switch (field) {
        case "id" -> read.id = json.integer(field);
        case "file_name" -> read.text = json.text(field);
        case "width" -> read.width = json.integer(field);
        case "height" -> read.height = json.integer(field);
        default -> {}
      }
    });
    return new AnnotatedImage(
        Fields.required(read.id, "id"),
        read.text,
        Fields.side(read.width, "width"),
        Fields.side(read.height, "height"));
  }

  private static Category category(CocoJson json) throws IOException {
    Fields read = new Fields();
    json.fields(field -> {
      switch (field) {
        case "id" -> read.id = json.integer(field);
        case "name" -> read.text = json.text(field);
        default -> {}
      }
    });
    long id = Fields.required(read.id, "id");
    return new Category(id, read.text.isEmpty() ? "category " + id : read.text);
  }

  private static AnnotatedBox box(CocoJson json) throws IOException {
    Fields read = new Fields();
    json.fields(field -> {
      switch (field) {
        case "id" -> read.id = json.integer(field);
        case "image_id" -> read.imageId = json.integer(field);
        case "category_id" -> read.categoryId = json.integer(field);
        case "bbox" -> read.box = json.box(field);
        case "area" -> read.area = json.number(field);
        case "iscrowd" -> read.crowd = json.flag(field);
        default -> {}
      }
    });
    Box box = Fields.required(read.box, "bbox");
    return new AnnotatedBox(
        Fields.required(read.id, "id"),
        Fields.required(read.imageId, "image_id"),
        Fields.required(read.categoryId, "category_id"),
        box,
        read.area == null ? box.area() : read.area,
        read.crowd);
  }

  /** The images by rising id. */
  public List<AnnotatedImage> images() {
    return images;
  }

  /** The categories by rising id. */
  public List<Category> categories() {
    return categories;
  }

  /** The objects in the order of the file. */
  public List<AnnotatedBox> boxes() {
    return boxes;
  }

  /** Whether there is an image of this id. */
  public boolean hasImage(long id) {
    return imageIndex.containsKey(id);
  }

  /** The place of an image in {@link #images}, or -1. */
  int imageIndex(long id) {
    return imageIndex.getOrDefault(id, -1);
  }

  /** The place of a category in {@link #categories}, or -1. */
  int categoryIndex(long id) {
    return categoryIndex.getOrDefault(id, -1);
  }
}
