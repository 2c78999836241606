package dev.detr4j.runtime;

import dev.detr4j.error.BackendException;
import org.jspecify.annotations.Nullable;

/** A crew that lives as long as somebody uses it, and has as many workers as anybody asked for. */
final class SharedCrew {
  /** The crew of the shared pools of this JVM. */
  static final SharedCrew OF_THE_JVM = new SharedCrew("detr4j");

  private final String name;
  private @Nullable Crew crew;
  private int users;

  SharedCrew(String name) {
    this.name = name;
  }

  /**
   * A crew of at least so many workers; released once for each call that returns.
   *
   * @throws BackendException when the system refuses a thread; those that were started for this
   *     call alone have ended then
   */
  Crew acquire(int workers) {
    try {
      return grown(workers);
    } catch (OutOfMemoryError e) {
      release();
      throw new BackendException(
          "cannot start " + (workers + 1) + " threads: " + e.getMessage() + "; request fewer", e);
    }
  }

  private synchronized Crew grown(int workers) {
    Crew present = crew == null ? new Crew(name) : crew;
    crew = present;
    users++;
    present.grow(workers);
    return present;
  }

  /** The last user ends the crew and waits for it. */
  void release() {
    Crew last;
    synchronized (this) {
      if (--users > 0) {
        return;
      }
      last = crew;
      crew = null;
    }
    if (last != null) {
      last.end();
    }
  }
}
