package dev.detr4j.evaluation;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** Counts what is odd about a file, and keeps the first example of each kind. Not thread-safe. */
final class Oddities {
  private final Map<Oddity.Kind, Oddity> found = new EnumMap<>(Oddity.Kind.class);

  /** What an example looks like; asked only for the first. */
  interface Example {
    String text();
  }

  void add(Oddity.Kind kind, Example example) {
    Oddity before = found.get(kind);
    found.put(
        kind,
        before == null
            ? new Oddity(kind, 1, example.text())
            : new Oddity(kind, before.count() + 1, before.first()));
  }

  List<Oddity> list() {
    return List.copyOf(found.values());
  }
}
