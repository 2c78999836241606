package dev.detr4j.checkpoint.pickle;

import java.util.Comparator;

/**
 * A class or function that a pickle mentions. It is a name and nothing else: nothing is looked up,
 * loaded or called by it. Names of modules that Python 3 renamed are given as in Python 3.
 */
public record PickleGlobal(String module, String name) implements Comparable<PickleGlobal> {

  private static final Comparator<PickleGlobal> COMPARATOR =
      Comparator.comparing(PickleGlobal::module).thenComparing(PickleGlobal::name);

  static PickleGlobal of(String module, String name) {
    return new PickleGlobal(
        switch (module) {
          case "__builtin__" -> "builtins";
          case "copy_reg" -> "copyreg";
          default -> module;
        },
        name);
  }

  /** An order, without which a map slows down when many names have one hash. */
  @Override
  public int compareTo(PickleGlobal other) {
    return COMPARATOR.compare(this, other);
  }

  /** Module and name joined by a dot. */
  public String fullName() {
    return module + "." + name;
  }
}
