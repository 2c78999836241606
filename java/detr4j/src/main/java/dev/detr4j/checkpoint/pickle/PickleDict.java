package dev.detr4j.checkpoint.pickle;

import java.math.BigInteger;
import java.util.LinkedHashMap;
import java.util.Map;

/** A dict of any of the standard classes inside the machine, in order; equal only to itself. */
public final class PickleDict {
  private static final int LONGEST_KEY = 32;
  private static final int MOST_ODD_KEYS = 1024;

  private final Map<Object, Object> entries = new LinkedHashMap<>();
  private int oddKeys;

  /** An empty dict. */
  public PickleDict() {}

  /** The entries, which the machine may still change. */
  public Map<Object, Object> entries() {
    return entries;
  }

  /**
   * Sets an entry if finding its key takes bounded time: a tuple that shares its halves would
   * otherwise be hashed in exponential time, and many keys can be made to have one hash. A map
   * sorts such keys only where all are strings, or all numbers of one class; so others are few.
   */
  void put(Object key, Object value) throws PickleException {
    if (key instanceof PickleTuple tuple) {
      if (tuple.items().size() > LONGEST_KEY
          || !tuple.items().stream().allMatch(PickleDict::scalar)) {
        throw new PickleException(
            "a dict key is a tuple of other things than at most " + LONGEST_KEY + " scalars");
      }
    } else if (key instanceof PickleDict || key instanceof PickleList || key instanceof byte[]) {
      throw new PickleException(
          "a dict key is " + Unpickler.kind(key) + ", expected a string, a number or the like");
    }
    if (!isLikeTheFirst(key) && !entries.containsKey(key) && ++oddKeys > MOST_ODD_KEYS) {
      throw new PickleException(
          "a dict has more than "
              + MOST_ODD_KEYS
              + " keys that are neither strings nor numbers of one kind");
    }
    entries.put(key, value);
  }

  /** Sets all entries of another dict. */
  void putAll(PickleDict other) throws PickleException {
    for (Map.Entry<Object, Object> entry : other.entries.entrySet()) {
      put(entry.getKey(), entry.getValue());
    }
  }

  private boolean isLikeTheFirst(Object key) {
    return (key instanceof String || key instanceof Number)
        && (entries.isEmpty() || entries.keySet().iterator().next().getClass() == key.getClass());
  }

  private static boolean scalar(Object value) {
    return value instanceof String
        || value instanceof Long
        || value instanceof Double
        || value instanceof Boolean
        || value instanceof BigInteger
        || value instanceof PickleGlobal
        || value == PickleNone.NONE;
  }
}
