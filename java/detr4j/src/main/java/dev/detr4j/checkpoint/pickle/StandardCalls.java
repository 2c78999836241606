package dev.detr4j.checkpoint.pickle;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The calls of Python's standard library that only build plain data. */
final class StandardCalls {
  private static final Set<String> DICTS =
      Set.of(
          "builtins.dict",
          "collections.OrderedDict",
          "collections.defaultdict",
          "collections.Counter");
  private static final Set<String> LISTS =
      Set.of("builtins.list", "builtins.set", "builtins.frozenset", "collections.deque");

  private StandardCalls() {}

  /** What the call gives, or null when it is none of these. */
  static @Nullable Object call(PickleGlobal function, List<Object> arguments)
      throws PickleException {
    String name = function.fullName();
    if (DICTS.contains(name)) {
      return dict(name, arguments);
    }
    if (LISTS.contains(name)) {
      PickleList list = new PickleList();
      if (!arguments.isEmpty()) {
        list.items().addAll(sequence(name, arguments.getFirst()));
      }
      return list;
    }
    return switch (name) {
      case "builtins.tuple" ->
          new PickleTuple(
              arguments.isEmpty() ? List.of() : List.copyOf(sequence(name, arguments.getFirst())));
      case "builtins.bytes" -> arguments.isEmpty() ? new byte[0] : null;
      // How bytes are written for Python 2, which has no opcode for them.
      case "_codecs.encode" ->
          arguments.size() == 2
                  && arguments.getFirst() instanceof String text
                  && "latin1".equals(arguments.getLast())
              ? text.getBytes(StandardCharsets.ISO_8859_1)
              : null;
      default -> null;
    };
  }

  private static PickleDict dict(String name, List<Object> arguments) throws PickleException {
    PickleDict dict = new PickleDict();
    int first = name.endsWith("defaultdict") ? 1 : 0;
    if (arguments.size() > first) {
      Object given = arguments.get(first);
      if (given instanceof PickleDict entries) {
        dict.putAll(entries);
      } else {
        for (Object pair : sequence(name, given)) {
          List<Object> keyAndValue = sequence(name, pair);
          if (keyAndValue.size() != 2) {
            throw new PickleException(
                name + " is given " + keyAndValue.size() + " items, expected a key and a value");
          }
          dict.put(keyAndValue.getFirst(), keyAndValue.getLast());
        }
      }
    }
    return dict;
  }

  private static List<Object> sequence(String name, Object value) throws PickleException {
    return switch (value) {
      case PickleTuple tuple -> tuple.items();
      case PickleList list -> list.items();
      default ->
          throw new PickleException(
              name + " is given " + Unpickler.kind(value) + ", expected a list or a tuple");
    };
  }
}
