package dev.detr4j.evaluation;

import java.nio.file.Path;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;

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
  private final Map<CocoId, Integer> imageIndex;
  private final Map<CocoId, Integer> categoryIndex;
  private final List<Oddity> oddities;

  /**
   * Puts together what was annotated.
   *
   * @param boxes in an order that is kept: it decides between equally good matches
   * @throws EvaluationException when an id occurs twice or a box refers to nothing
   */
  public Annotations(
      List<AnnotatedImage> images, List<Category> categories, List<AnnotatedBox> boxes) {
    this(images, categories, boxes, Set.of(), List.of());
  }

  /** As above, of a file that has other boxes with ids of their own, and is odd in these ways. */
  Annotations(
      List<AnnotatedImage> images,
      List<Category> categories,
      List<AnnotatedBox> boxes,
      Set<CocoId> otherIds,
      List<Oddity> oddities) {
    this.images = images.stream().sorted(Comparator.comparing(AnnotatedImage::id)).toList();
    this.categories = categories.stream().sorted(Comparator.comparing(Category::id)).toList();
    this.boxes = List.copyOf(boxes);
    this.oddities = List.copyOf(oddities);
    imageIndex = index("images", this.images, AnnotatedImage::id);
    categoryIndex = index("categories", this.categories, Category::id);
    if (this.images.isEmpty() || this.categories.isEmpty()) {
      throw new EvaluationException(
          (this.images.isEmpty() ? "images" : "categories") + " is empty, expected at least one");
    }
    Set<CocoId> ids = new HashSet<>(otherIds);
    for (AnnotatedBox box : this.boxes) {
      if (!ids.add(box.id())) {
        throw wrong(box, " occurs twice");
      }
      if (imageIndex(box.imageId()) < 0) {
        throw wrong(box, ": there is no image with id " + box.imageId());
      }
      if (categoryIndex(box.categoryId()) < 0) {
        throw wrong(box, ": there is no category with id " + box.categoryId());
      }
    }
  }

  private static EvaluationException wrong(AnnotatedBox box, String what) {
    return new EvaluationException("annotation with id " + box.id() + what);
  }

  private static <T> Map<CocoId, Integer> index(
      String name, List<T> sorted, Function<T, CocoId> id) {
    Map<CocoId, Integer> index = new HashMap<>();
    for (int i = 0; i < sorted.size(); i++) {
      CocoId key = id.apply(sorted.get(i));
      if (index.put(key, i) != null) {
        throw new EvaluationException(name + ": id " + key + " occurs twice");
      }
    }
    return index;
  }

  /**
   * Reads an annotation file as it streams by; segmentations and other fields are skipped.
   *
   * <p>Every file that pycocotools evaluates is read, with the same numbers, and {@link #oddities}
   * says how it differs from COCO's own. Refused are ids that stand twice, fields that stand twice
   * in one object, and NaN. Beyond what pycocotools takes, {@code iscrowd} may be missing, which
   * means 0, and {@code area}, which then is that of the box.
   *
   * @throws EvaluationException when the file cannot be read or is wrong, with the place in it
   */
  public static Annotations read(Path file) {
    return CocoJson.read(file, AnnotationReader::read);
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

  /** How the file that was read differs from COCO's format; each kind once. */
  public List<Oddity> oddities() {
    return oddities;
  }

  /** The place of an image in {@link #images}, or -1. */
  public int imageIndex(CocoId id) {
    return imageIndex.getOrDefault(id, -1);
  }

  /** The place of a category in {@link #categories}, or -1. */
  public int categoryIndex(CocoId id) {
    return categoryIndex.getOrDefault(id, -1);
  }
}
