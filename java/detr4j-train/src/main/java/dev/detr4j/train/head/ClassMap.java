package dev.detr4j.train.head;

import dev.detr4j.train.fault.Fault;
import dev.detr4j.train.fault.Findings;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * Which row of the old class heads each class of the data continues.
 *
 * @param classes of the data, by label
 * @param oldRow for each of them the row of the starting model, or -1 for a new one
 * @param oldClasses of the starting model, the column for no object not counted
 */
public record ClassMap(List<String> classes, List<Integer> oldRow, int oldClasses) {
  /** Names that say nothing: transformers' and torchvision's for classes without one. */
  private static final Pattern NAMELESS = Pattern.compile("LABEL_\\d+|N/A|");

  /** Copies the lists. */
  public ClassMap {
    classes = List.copyOf(classes);
    oldRow = List.copyOf(oldRow);
  }

  /**
   * Compares names.
   *
   * @param model the labels of the starting model
   * @param data the classes of the data
   * @param findings receives the contradiction where the policy keeps everything
   */
  public static ClassMap of(
      List<String> model, List<String> data, HeadPolicy policy, Findings findings) {
    if (policy == HeadPolicy.KEEP && !model.equals(data)) {
      int first = 0;
      while (first < Math.min(model.size(), data.size())
          && model.get(first).equals(data.get(first))) {
        first++;
      }
      findings.add(
          Fault.HEAD_CONTRADICTS,
          "the model has %d classes and the data %d; class %d is \"%s\" in the model and \"%s\" in the data"
              .formatted(model.size(), data.size(), first, at(model, first), at(data, first)));
    }
    Map<String, Integer> rows = new HashMap<>();
    for (int i = 0; i < model.size(); i++) {
      if (!NAMELESS.matcher(model.get(i)).matches()) {
        rows.putIfAbsent(model.get(i), i);
      }
    }
    List<Integer> oldRow = new ArrayList<>();
    for (int i = 0; i < data.size(); i++) {
      oldRow.add(
          switch (policy) {
            case NEW -> -1;
            case BY_NAME -> rows.getOrDefault(data.get(i), -1);
            case KEEP -> i < model.size() ? i : -1;
          });
    }
    return new ClassMap(data, oldRow, model.size());
  }

  private static String at(List<String> names, int index) {
    return index < names.size() ? names.get(index) : "nothing";
  }

  /** Whether the heads stay as they are. */
  public boolean isIdentity() {
    for (int i = 0; i < oldRow.size(); i++) {
      if (oldRow.get(i) != i) {
        return false;
      }
    }
    return oldRow.size() == oldClasses;
  }

  /** Whether no row continues. */
  public boolean isNew() {
    return oldRow.stream().allMatch(row -> row < 0);
  }

  /** What is done, for people. */
  @Override
  public String toString() {
    if (isIdentity()) {
      return "all %d are the model's, in its order; their heads are kept".formatted(classes.size());
    }
    List<String> kept = new ArrayList<>();
    for (int i = 0; i < classes.size(); i++) {
      if (oldRow.get(i) >= 0) {
        kept.add(classes.get(i));
      }
    }
    String names =
        kept.size() > 5 ? String.join(", ", kept.subList(0, 5)) + ", …" : String.join(", ", kept);
    return kept.isEmpty()
        ? "heads made anew for %d".formatted(classes.size())
        : "heads of %d of %d kept by name (%s), the others made anew"
            .formatted(kept.size(), classes.size(), names);
  }
}
