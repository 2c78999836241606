package dev.detr4j.model.family;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** The class names of models trained on COCO, in the orders that the projects use. */
public final class CocoLabels {
  /** What a number without a class is called. */
  public static final String UNUSED = "N/A";

  private record Category(int id, boolean annotated, String name) {}

  private static final List<Category> CATEGORIES = read();

  private CocoLabels() {}

  /** Indexed by category id, 0 to 90; ids without annotations are called N/A. */
  public static List<String> byId() {
    List<String> labels = new ArrayList<>();
    labels.add(UNUSED);
    for (Category category : CATEGORIES.subList(0, 90)) {
      labels.add(category.annotated ? category.name : UNUSED);
    }
    return List.copyOf(labels);
  }

  /** The 80 categories with annotations, in the order of their ids. */
  public static List<String> contiguous() {
    return CATEGORIES.stream().filter(Category::annotated).map(Category::name).toList();
  }

  /**
   * birder's 91 classes, all with names, where index {@code j} is category {@code j + 1}; it writes
   * "cellphone".
   */
  public static List<String> birder() {
    return CATEGORIES.stream()
        .map(category -> category.id == 77 ? "cellphone" : category.name)
        .toList();
  }

  private static List<Category> read() {
    try (InputStream in = CocoLabels.class.getResourceAsStream("coco-categories.txt")) {
      if (in == null) {
        throw new IllegalStateException("there is no coco-categories.txt");
      }
      List<Category> categories = new ArrayList<>();
      for (String line : new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().toList()) {
        if (!line.startsWith("#")) {
          String[] parts = line.split(" ", 3);
          categories.add(new Category(Integer.parseInt(parts[0]), parts[1].equals("+"), parts[2]));
        }
      }
      return List.copyOf(categories);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
