package dev.detr4j.checkpoint.pickle;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * An object of a class that is not understood, as plain values: for instance an {@code
 * argparse.Namespace}, whose attributes are its {@link #state}.
 *
 * <p>Immutable, and equal only to itself. A class or function that is merely mentioned is an inert
 * object without arguments.
 */
public final class InertObject {
  private final String type;
  private final List<@Nullable Object> arguments;
  private final @Nullable Object state;
  private final Map<@Nullable Object, @Nullable Object> entries;
  private final List<@Nullable Object> items;

  InertObject(
      String type,
      List<@Nullable Object> arguments,
      @Nullable Object state,
      Map<@Nullable Object, @Nullable Object> entries,
      List<@Nullable Object> items) {
    this.type = type;
    this.arguments = arguments;
    this.state = state;
    this.entries = entries;
    this.items = items;
  }

  /** An object that is described by its class and what it was made from; both are plain values. */
  public InertObject(String type, List<@Nullable Object> arguments) {
    this(type, arguments, null, Map.of(), List.of());
  }

  /** The full name of its class or of the function that would have made it. */
  public String type() {
    return type;
  }

  /** What the class or function would have been called with. */
  public List<@Nullable Object> arguments() {
    return arguments;
  }

  /** What the object would have been filled from, usually a map of its attributes; may be null. */
  public @Nullable Object state() {
    return state;
  }

  /** The attribute of that name, if the state is a map and holds one that is not null. */
  public Optional<Object> attribute(String name) {
    return state instanceof Map<?, ?> map ? Optional.ofNullable(map.get(name)) : Optional.empty();
  }

  /** What was set by key, for a class that is a dict. */
  public Map<@Nullable Object, @Nullable Object> entries() {
    return entries;
  }

  /** What was appended, for a class that is a list or a set. */
  public List<@Nullable Object> items() {
    return items;
  }

  /**
   * A plain value without inert objects: one with entries or attributes is a map of them, one with
   * items a list; any other stays.
   *
   * @param value of what a pickle holds, whose number of values is bounded
   */
  public static @Nullable Object contents(@Nullable Object value) {
    return switch (value) {
      case Map<?, ?> map -> {
        Map<@Nullable Object, @Nullable Object> contents = new LinkedHashMap<>();
        map.forEach((key, each) -> contents.put(key, contents(each)));
        yield contents;
      }
      case List<?> list -> {
        List<@Nullable Object> contents = new ArrayList<>();
        list.forEach(each -> contents.add(contents(each)));
        yield contents;
      }
      case InertObject object when !object.entries.isEmpty() -> contents(object.entries);
      case InertObject object when !object.items.isEmpty() -> contents(object.items);
      case InertObject object when object.state instanceof Map<?, ?> state -> contents(state);
      case null, default -> value;
    };
  }

  @Override
  public String toString() {
    return type + arguments;
  }
}
