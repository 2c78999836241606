package dev.detr4j.runtime;

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

  /** A crew of at least so many workers; released once for each call. */
  synchronized Crew acquire(int workers) {
    Crew present = crew == null ? new Crew(name) : crew;
    crew = present;
    present.grow(workers);
    users++;
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
