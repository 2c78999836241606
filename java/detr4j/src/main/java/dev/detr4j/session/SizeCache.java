package dev.detr4j.session;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The few most recently used of some closeable things. Searching it allocates nothing. Not
 * thread-safe.
 *
 * @param <T> what is kept
 */
final class SizeCache<T extends AutoCloseable> {
  private final int capacity;
  private final List<T> entries = new ArrayList<>();
  private int cursor;

  SizeCache(int capacity) {
    this.capacity = capacity;
  }

  /** The most recently used entry, or null. */
  @Nullable T first() {
    cursor = 0;
    return next();
  }

  /** The entry after the last one returned, or null. */
  @Nullable T next() {
    return cursor < entries.size() ? entries.get(cursor++) : null;
  }

  /** Moves the entry that was returned last to the front. */
  void useLast() {
    int found = cursor - 1;
    if (found > 0) {
      entries.add(0, entries.remove(found));
    }
  }

  /** Closes the least recently used entry if the cache is full. */
  void makeRoom() {
    if (entries.size() == capacity) {
      close(entries.removeLast());
    }
  }

  /** Puts an entry at the front; there must be room. */
  void add(T entry) {
    entries.add(0, entry);
  }

  /** Closes all entries. */
  void close() {
    entries.forEach(SizeCache::close);
    entries.clear();
  }

  private static void close(AutoCloseable entry) {
    try {
      entry.close();
    } catch (RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }
}
