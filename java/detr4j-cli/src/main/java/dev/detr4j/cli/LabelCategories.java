package dev.detr4j.cli;

import dev.detr4j.evaluation.Annotations;
import dev.detr4j.evaluation.Category;
import dev.detr4j.evaluation.CocoId;
import dev.detr4j.evaluation.EvaluationException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Which annotated class each label of a model means. Immutable. */
final class LabelCategories {
  /** How labels and classes find each other. */
  enum Rule {
    /** The same name; case, spaces, hyphens and underscores do not count. */
    NAME,
    /** The label's number is the id of the class. */
    ID
  }

  /** Of each label; null for one that is no annotated class. */
  private final @Nullable CocoId[] categories;

  private final List<String> notes = new ArrayList<>();

  private LabelCategories(@Nullable CocoId[] categories) {
    this.categories = categories;
  }

  /**
   * Pairs labels with classes.
   *
   * @throws EvaluationException when not one label means an annotated class, or two classes have
   *     one name
   */
  static LabelCategories of(List<String> labels, Annotations annotations, Rule rule) {
    Map<String, CocoId> byKey = new HashMap<>();
    for (Category category : annotations.categories()) {
      String key = rule == Rule.ID ? category.id().text() : LabelFilter.key(category.name());
      if (byKey.put(key, category.id()) != null) {
        throw new EvaluationException(
            "two annotated classes have the name %s; --classes-by id matches by number instead"
                .formatted(category.name()));
      }
    }
    @Nullable CocoId[] categories = new CocoId[labels.size()];
    for (int i = 0; i < categories.length; i++) {
      String key = rule == Rule.ID ? Integer.toString(i) : LabelFilter.key(labels.get(i));
      categories[i] = byKey.get(key);
    }
    if (Arrays.stream(categories).allMatch(Objects::isNull)) {
      throw new EvaluationException(
          "none of the model's labels (%s) is an annotated class (%s)%s"
              .formatted(
                  some(labels),
                  some(annotations.categories().stream().map(Category::name).toList()),
                  rule == Rule.NAME ? "; --classes-by id matches by number instead" : ""));
    }
    LabelCategories pairs = new LabelCategories(categories);
    pairs.noteUnmatched(annotations);
    return pairs;
  }

  private void noteUnmatched(Annotations annotations) {
    List<String> unmatched =
        annotations.categories().stream()
            .filter(each -> !Arrays.asList(categories).contains(each.id()))
            .map(Category::name)
            .toList();
    if (!unmatched.isEmpty()) {
      notes.add(
          "the model has no label for %d of %d annotated classes: %s"
              .formatted(unmatched.size(), annotations.categories().size(), some(unmatched)));
    }
  }

  private static String some(List<String> names) {
    String first =
        names.stream().limit(5).map(Terminal::printable).collect(Collectors.joining(", "));
    return names.size() > 5 ? first + ", ..." : first;
  }

  /** The class of a label; null where it is none that is annotated, and does not count. */
  @Nullable CocoId category(int label) {
    return label < categories.length ? categories[label] : null;
  }

  /** What the user should know, a line each. */
  List<String> notes() {
    return List.copyOf(notes);
  }
}
