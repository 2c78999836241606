package dev.detr4j.checkpoint.pickle;

import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Turns values of the machine into ordinary ones: {@code None} null, {@link Boolean}, {@link Long}
 * (or {@link java.math.BigInteger}), {@link Double}, {@link String}, {@code byte[]}; tuples, lists
 * and sets an unmodifiable {@link List}, dicts an unmodifiable {@link Map} in their order, all else
 * an {@link InertObject}.
 *
 * <p>A pickle may share an object between many places, so that a few hundred bytes describe a tree
 * too large to be walked. What comes out of here can be walked, hashed and printed without care: it
 * contains itself nowhere, is at most {@value #DEEPEST} levels deep, and has at most {@value
 * #LARGEST} values when every shared one is counted wherever it stands, and {@value #TEXT} letters
 * or bytes of a string as one more.
 */
public final class PlainValues {
  private static final int DEEPEST = 100;
  private static final long LARGEST = 1L << 20;
  private static final int TEXT = 64;

  /** A value that was turned before, with its size and its height when shared ones count. */
  private record Done(@Nullable Object plain, long weight, int height) {}

  private final PickleHost host;
  private final IdentityHashMap<Object, Done> done = new IdentityHashMap<>();
  private final IdentityHashMap<Object, Boolean> underWay = new IdentityHashMap<>();
  private long weight;

  /** The deepest level that was reached below the value under way. */
  private int deepest;

  private PlainValues(PickleHost host) {
    this.host = host;
  }

  /**
   * The plain values of a dict.
   *
   * @throws PickleException when it contains itself, or is too deep or too large
   */
  public static Map<@Nullable Object, @Nullable Object> of(PickleDict dict, PickleHost host)
      throws PickleException {
    return new PlainValues(host).map(dict.entries(), 0);
  }

  private @Nullable Object plain(Object value, int depth) throws PickleException {
    if (value == PickleNone.NONE) {
      add(1);
      return null;
    }
    if (value instanceof PickleGlobal global) {
      add(1);
      return new InertObject(global.fullName(), List.of());
    }
    if (!(value instanceof PickleTuple
        || value instanceof PickleList
        || value instanceof PickleDict
        || value instanceof PickleRecord)) {
      add(1 + length(value) / TEXT);
      return value instanceof String
              || value instanceof Number
              || value instanceof Boolean
              || value instanceof byte[]
          ? value
          : host.describe(value);
    }
    Done before = done.get(value);
    if (before != null) {
      add(before.weight);
      reach(depth + before.height);
      return before.plain;
    }
    reach(depth);
    if (underWay.put(value, true) != null) {
      throw new PickleException(Unpickler.kind(value) + " contains itself");
    }
    long start = weight;
    int outer = deepest;
    deepest = depth;
    add(1);
    Object plain =
        switch (value) {
          case PickleTuple tuple -> list(tuple.items(), depth);
          case PickleList list -> list(list.items(), depth);
          case PickleDict dict -> map(dict.entries(), depth);
          default -> record((PickleRecord) value, depth);
        };
    underWay.remove(value);
    done.put(value, new Done(plain, weight - start, deepest - depth));
    deepest = Math.max(outer, deepest);
    return plain;
  }

  private static int length(Object value) {
    return switch (value) {
      case String text -> text.length();
      case byte[] bytes -> bytes.length;
      default -> 0;
    };
  }

  private void reach(int depth) throws PickleException {
    if (depth > DEEPEST) {
      throw new PickleException("values are nested deeper than " + DEEPEST + " levels");
    }
    deepest = Math.max(deepest, depth);
  }

  private void add(long more) throws PickleException {
    weight += more;
    if (weight > LARGEST) {
      throw new PickleException("the metadata has more than " + LARGEST + " values");
    }
  }

  private List<@Nullable Object> list(List<Object> items, int depth) throws PickleException {
    List<@Nullable Object> plain = new ArrayList<>(items.size());
    for (Object item : items) {
      plain.add(plain(item, depth + 1));
    }
    return Collections.unmodifiableList(plain);
  }

  private Map<@Nullable Object, @Nullable Object> map(Map<Object, Object> entries, int depth)
      throws PickleException {
    Map<@Nullable Object, @Nullable Object> plain = new LinkedHashMap<>();
    for (Map.Entry<Object, Object> entry : entries.entrySet()) {
      plain.put(plain(entry.getKey(), depth + 1), plain(entry.getValue(), depth + 1));
    }
    return Collections.unmodifiableMap(plain);
  }

  private InertObject record(PickleRecord record, int depth) throws PickleException {
    Object state = record.state();
    return new InertObject(
        record.type(),
        list(record.arguments(), depth),
        state == null ? null : plain(state, depth + 1),
        map(record.entries(), depth),
        list(record.items(), depth));
  }
}
