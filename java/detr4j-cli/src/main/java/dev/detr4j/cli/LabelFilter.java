package dev.detr4j.cli;

import dev.detr4j.error.ModelConfigException;
import java.util.BitSet;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Which labels the user wants to see. Immutable. */
final class LabelFilter {
  private final @Nullable BitSet only;
  private final BitSet except;

  private LabelFilter(@Nullable BitSet only, BitSet except) {
    this.only = only;
    this.except = except;
  }

  /**
   * Looks the names up.
   *
   * @param only null keeps every label
   * @throws ModelConfigException when the model has no such label
   */
  static LabelFilter of(
      List<String> labels, @Nullable List<String> only, @Nullable List<String> except) {
    return new LabelFilter(
        only == null ? null : ids(labels, only, "--only"),
        except == null ? new BitSet() : ids(labels, except, "--except"));
  }

  private static BitSet ids(List<String> labels, List<String> names, String option) {
    BitSet ids = new BitSet();
    for (String name : names) {
      int before = ids.cardinality();
      String wanted = key(name);
      for (int id = 0; id < labels.size(); id++) {
        if (key(labels.get(id)).equals(wanted)) {
          ids.set(id);
        }
      }
      if (ids.cardinality() == before && name.strip().matches("\\d{1,6}")) {
        int id = Integer.parseInt(name.strip());
        if (id >= labels.size()) {
          throw new ModelConfigException(
              "%s %d: the model has no such label; it has the labels 0 to %d"
                  .formatted(option, id, labels.size() - 1));
        }
        ids.set(id);
      } else if (ids.cardinality() == before && !known(labels, wanted)) {
        throw new ModelConfigException(
            "%s %s: the model has no such label; it has %s"
                .formatted(
                    option,
                    name,
                    labels.stream()
                        .distinct()
                        .limit(100)
                        .map(Terminal::printable)
                        .collect(Collectors.joining(", "))));
      }
    }
    return ids;
  }

  private static boolean known(List<String> labels, String wanted) {
    return labels.stream().anyMatch(label -> key(label).equals(wanted));
  }

  /** What names are compared by: case, spaces, hyphens and underscores do not count. */
  static String key(String name) {
    return name.strip().toLowerCase(Locale.ROOT).replaceAll("[\\s_-]+", " ");
  }

  boolean keeps(int label) {
    return (only == null || only.get(label)) && !except.get(label);
  }
}
