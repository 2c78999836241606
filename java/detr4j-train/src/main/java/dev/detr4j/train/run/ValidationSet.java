package dev.detr4j.train.run;

import dev.detr4j.evaluation.AnnotatedBox;
import dev.detr4j.evaluation.AnnotatedImage;
import dev.detr4j.evaluation.Annotations;
import dev.detr4j.evaluation.Box;
import dev.detr4j.evaluation.Category;
import dev.detr4j.evaluation.ScoredBox;
import dev.detr4j.train.data.Dataset;
import dev.detr4j.train.data.LabelledBox;
import dev.detr4j.train.data.TrainingImage;
import java.util.ArrayList;
import java.util.List;

/**
 * A validation set as COCO's metrics take it. The id of an image is its place in the set from 1,
 * that of a class its label from 1. Crowds are regions to ignore.
 */
public final class ValidationSet {
  private ValidationSet() {}

  /** The annotations of a set with true sizes and boxes in pixels. */
  public static Annotations annotations(Dataset dataset) {
    List<AnnotatedImage> images = new ArrayList<>();
    List<AnnotatedBox> boxes = new ArrayList<>();
    for (int i = 0; i < dataset.images().size(); i++) {
      TrainingImage image = dataset.images().get(i);
      images.add(new AnnotatedImage(i + 1L, image.name(), image.width(), image.height()));
      for (LabelledBox box : image.boxes()) {
        double whole = box.width() * box.height();
        boxes.add(
            new AnnotatedBox(
                boxes.size() + 1L,
                i + 1L,
                box.label() + 1L,
                new Box(box.x(), box.y(), box.width(), box.height()),
                box.area() > 0 ? box.area() : whole,
                box.crowd()));
      }
    }
    List<Category> categories = new ArrayList<>();
    for (int k = 0; k < dataset.classes().size(); k++) {
      categories.add(new Category(k + 1L, dataset.classes().get(k)));
    }
    return new Annotations(images, categories, boxes);
  }

  /** The image of a set that an image of its {@link #annotations} is. */
  public static TrainingImage of(AnnotatedImage image, Dataset dataset) {
    return dataset.images().get(Integer.parseInt(image.id().text()) - 1);
  }

  /** A detection with the ids of {@link #annotations}. */
  public static ScoredBox found(
      int image, int label, double x, double y, double width, double height, double score) {
    return new ScoredBox(image + 1L, label + 1L, new Box(x, y, width, height), score);
  }
}
