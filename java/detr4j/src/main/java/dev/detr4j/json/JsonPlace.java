package dev.detr4j.json;

import dev.detr4j.error.OneLine;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/**
 * The place of a value: the file, then the names of the fields that lead to it. Spelled out only
 * when a message needs it, since long names around many values would fill the memory.
 *
 * @param outer the place of the object that holds the value, or null for the whole file
 * @param name the field; of the whole file, what messages call it
 */
record JsonPlace(@Nullable JsonPlace outer, String name) {
  /** What messages call the file. */
  String file() {
    JsonPlace place = this;
    while (place.outer != null) {
      place = place.outer;
    }
    return place.name;
  }

  @Override
  public String toString() {
    Deque<String> fields = new ArrayDeque<>();
    JsonPlace place = this;
    while (place.outer != null) {
      fields.addFirst(OneLine.of(place.name));
      place = place.outer;
    }
    fields.addFirst(place.name);
    return String.join(": ", fields);
  }
}
