package dev.detr4j.train.data;

import dev.detr4j.train.fault.Fault;
import dev.detr4j.train.fault.Findings;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A set of annotated images of one split. Immutable.
 *
 * @param description the format and where it was found, for people
 * @param source the annotation file or folder
 * @param classes the names, whose places are the labels
 */
public record Dataset(
    String description, Path source, List<String> classes, List<TrainingImage> images) {
  /** Copies the lists. */
  public Dataset {
    classes = List.copyOf(classes);
    images = List.copyOf(images);
  }

  /** The number of boxes, crowds too. */
  public long boxes() {
    return images.stream().mapToLong(image -> image.boxes().size()).sum();
  }

  /**
   * The same images with labels of another list of classes, by name. A class that the list lacks is
   * an error where a box has it; its boxes are left out.
   */
  public Dataset withClasses(List<String> other, Findings findings) {
    if (other.equals(classes)) {
      return this;
    }
    Map<String, Integer> places = new HashMap<>();
    for (int i = 0; i < other.size(); i++) {
      places.putIfAbsent(other.get(i), i);
    }
    int[] moved = new int[classes.size()];
    boolean[] told = new boolean[classes.size()];
    for (int i = 0; i < moved.length; i++) {
      moved[i] = places.getOrDefault(classes.get(i), -1);
    }
    List<TrainingImage> changed = new ArrayList<>(images.size());
    for (TrainingImage image : images) {
      List<LabelledBox> boxes = new ArrayList<>(image.boxes().size());
      for (LabelledBox box : image.boxes()) {
        int label = moved[box.label()];
        if (label >= 0) {
          boxes.add(box.withLabel(label));
        } else if (!told[box.label()]) {
          told[box.label()] = true;
          findings.add(Fault.VALIDATION_CLASS, classes.get(box.label()));
        }
      }
      changed.add(image.withBoxes(boxes));
    }
    return new Dataset(description, source, other, changed);
  }

  /** Some of the images. */
  Dataset part(String what, List<TrainingImage> some) {
    return new Dataset(description + ", " + what, source, classes, some);
  }
}
