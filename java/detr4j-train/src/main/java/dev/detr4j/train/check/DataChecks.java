package dev.detr4j.train.check;

import dev.detr4j.image.PixelSize;
import dev.detr4j.image.ResizeRule;
import dev.detr4j.train.data.Dataset;
import dev.detr4j.train.data.LabelledBox;
import dev.detr4j.train.data.TrainingImage;
import dev.detr4j.train.fault.Fault;
import dev.detr4j.train.fault.Findings;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Checks of whole sets: what is missing, rare, doubled, too small or too many. */
public final class DataChecks {
  private static final int FEW = 10;
  private static final double IMBALANCE = 100;
  private static final double TINY = 4;
  private static final double SAME = 0.95;

  private final ModelFacts model;
  private final Findings findings;

  private DataChecks(ModelFacts model, Findings findings) {
    this.model = model;
    this.findings = findings;
  }

  /** Adds to the findings whatever is wrong with the two sets. */
  public static void check(
      ScannedSet train, ScannedSet validation, ModelFacts model, Findings findings) {
    DataChecks checks = new DataChecks(model, findings);
    checks.sizes(train.dataset(), validation.dataset());
    checks.shared(train, validation);
    checks.classes(train.dataset(), validation.dataset());
    train.dataset().images().forEach(checks::image);
    validation.dataset().images().forEach(checks::image);
    checks.places(train.dataset());
  }

  private void sizes(Dataset train, Dataset validation) {
    if (train.images().isEmpty()) {
      findings.add(Fault.NO_IMAGE);
    } else if (train.images().stream().allMatch(image -> objects(image) == 0)) {
      findings.add(Fault.NO_BOX);
    }
    if (validation.images().isEmpty() && findings.count(Fault.NO_VALIDATION) == 0) {
      findings.add(Fault.NO_VALIDATION);
    }
    double first = medianSide(train);
    double second = medianSide(validation);
    if (first > 0 && second > 0 && Math.max(first / second, second / first) > 2) {
      findings.add(
          Fault.OTHER_SIZES, "median sides of about %.0f and %.0f pixels".formatted(first, second));
    }
  }

  private static long objects(TrainingImage image) {
    return image.boxes().stream().filter(box -> !box.crowd()).count();
  }

  private static double medianSide(Dataset set) {
    double[] sides =
        set.images().stream()
            .mapToDouble(image -> Math.sqrt((double) image.width() * image.height()))
            .sorted()
            .toArray();
    return sides.length == 0 ? 0 : sides[sides.length / 2];
  }

  private void shared(ScannedSet train, ScannedSet validation) {
    Map<String, String> names = new HashMap<>();
    for (int i = 0; i < train.digests().size(); i++) {
      names.put(train.digests().get(i), train.dataset().images().get(i).name());
    }
    for (int i = 0; i < validation.digests().size(); i++) {
      String other = names.get(validation.digests().get(i));
      if (other != null) {
        findings.add(Fault.IN_BOTH, validation.dataset().images().get(i).name() + " is " + other);
      }
    }
  }

  private void classes(Dataset train, Dataset validation) {
    List<String> names = train.classes();
    long[] trained = counts(train);
    long[] held = counts(validation);
    for (int k = 0; k < names.size(); k++) {
      if (trained[k] < FEW) {
        findings.add(Fault.FEW_BOXES, names.get(k) + ": " + trained[k]);
      }
      if (!validation.images().isEmpty() && held[k] == 0) {
        findings.add(Fault.NONE_IN_VALIDATION, names.get(k));
      }
    }
    int rarest = -1;
    int commonest = -1;
    for (int k = 0; k < names.size(); k++) {
      if (trained[k] > 0) {
        rarest = rarest < 0 || trained[k] < trained[rarest] ? k : rarest;
        commonest = commonest < 0 || trained[k] > trained[commonest] ? k : commonest;
      }
    }
    if (rarest >= 0 && trained[commonest] > IMBALANCE * trained[rarest]) {
      findings.add(
          Fault.IMBALANCE,
          "%s: %d, %s: %d"
              .formatted(
                  names.get(commonest), trained[commonest], names.get(rarest), trained[rarest]));
    }
  }

  private static long[] counts(Dataset set) {
    long[] counts = new long[set.classes().size()];
    for (TrainingImage image : set.images()) {
      for (LabelledBox box : image.boxes()) {
        counts[box.label()] += box.crowd() ? 0 : 1;
      }
    }
    return counts;
  }

  private void image(TrainingImage image) {
    long objects = objects(image);
    if (image.boxes().isEmpty()) {
      findings.add(Fault.NO_OBJECTS, image.name());
    }
    if (objects > model.queries()) {
      findings.add(
          Fault.TOO_MANY,
          "%s: %d objects, the model has %d queries"
              .formatted(image.name(), objects, model.queries()));
    }
    PixelSize input = model.resize().compute(image.width(), image.height());
    double across = (double) input.width() / image.width();
    double down = (double) input.height() / image.height();
    if (model.resize() instanceof ResizeRule.Fixed && Math.max(across / down, down / across) > 2) {
      findings.add(
          Fault.ELONGATED,
          "%s: %dx%d becomes %s".formatted(image.name(), image.width(), image.height(), input));
    }
    for (LabelledBox box : image.boxes()) {
      if (!box.crowd() && Math.min(box.width() * across, box.height() * down) < TINY) {
        findings.add(
            Fault.TINY,
            "%s, %s: %.1f x %.1f pixels"
                .formatted(image.name(), box.place(), box.width() * across, box.height() * down));
      }
    }
    duplicates(image);
  }

  /** By left edges, so that an image of thousands of boxes takes no minute. */
  private void duplicates(TrainingImage image) {
    LabelledBox[] boxes = image.boxes().toArray(LabelledBox[]::new);
    Arrays.sort(boxes, (a, b) -> Double.compare(a.x(), b.x()));
    for (int i = 0; i < boxes.length; i++) {
      // Boxes that agree to 95 % have left edges within 5 % of the width.
      double last = boxes[i].x() + 0.06 * boxes[i].width();
      for (int j = i + 1; j < boxes.length && boxes[j].x() <= last; j++) {
        boolean same = boxes[i].label() == boxes[j].label() && !boxes[i].crowd();
        if (same && boxes[i].iou(boxes[j]) > SAME) {
          findings.add(
              Fault.DUPLICATE,
              "%s, %s and %s".formatted(image.name(), boxes[i].place(), boxes[j].place()));
        }
      }
    }
  }

  /** Signs of coordinates in another unit or with another meaning. */
  private void places(Dataset set) {
    int boxes = 0;
    int whole = 0;
    int[] quarters = new int[4];
    for (TrainingImage image : set.images()) {
      double halfWidth = image.width() / 2.0;
      double halfHeight = image.height() / 2.0;
      for (LabelledBox box : image.boxes()) {
        boxes++;
        double covered = box.width() * box.height() / (4 * halfWidth * halfHeight);
        whole += covered > SAME ? 1 : 0;
        boolean left = box.x() + box.width() <= halfWidth;
        boolean right = box.x() >= halfWidth;
        boolean above = box.y() + box.height() <= halfHeight;
        boolean below = box.y() >= halfHeight;
        if ((left || right) && (above || below)) {
          quarters[(left ? 0 : 1) + (above ? 0 : 2)]++;
        }
      }
    }
    if (boxes < FEW) {
      return;
    }
    if (whole > 0.9 * boxes) {
      findings.add(Fault.WHOLE_PICTURE, whole + " of " + boxes + " boxes");
    }
    String[] names = {"upper left", "upper right", "lower left", "lower right"};
    for (int i = 0; i < 4; i++) {
      if (quarters[i] == boxes) {
        findings.add(Fault.ONE_CORNER, names[i] + ", " + boxes + " boxes");
      }
    }
  }
}
