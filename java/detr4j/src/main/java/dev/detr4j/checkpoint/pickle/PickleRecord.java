package dev.detr4j.checkpoint.pickle;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What is left inside the machine of an object whose class or function is not one of the few that
 * are understood: everything that the pickle would have handed to it. Equal only to itself.
 */
public final class PickleRecord {
  private final String type;
  private final List<Object> arguments;
  private final PickleDict dict = new PickleDict();
  private final List<Object> items = new ArrayList<>(0);
  private @Nullable Object state;

  PickleRecord(String type, List<Object> arguments) {
    this.type = type;
    this.arguments = arguments;
  }

  /** The full name of the class or function. */
  public String type() {
    return type;
  }

  List<Object> arguments() {
    return arguments;
  }

  /** What was set by key, for a class that is a dict. */
  public Map<Object, Object> entries() {
    return dict.entries();
  }

  PickleDict dict() {
    return dict;
  }

  List<Object> items() {
    return items;
  }

  @Nullable Object state() {
    return state;
  }

  void state(Object given) {
    this.state = given;
  }
}
