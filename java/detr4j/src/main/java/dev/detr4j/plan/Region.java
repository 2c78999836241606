package dev.detr4j.plan;

/**
 * The place of one root: which memory it lives in, the steps from its first write to its last read,
 * both included, and its offset, which {@link MemoryPlanner} sets.
 */
final class Region {
  private static final long ALIGNMENT = 64;

  /** The memory of a plan, by who shares it. */
  enum Home {
    /** Feature maps: memory of a session, which its plans use in turn. */
    SLAB,
    /** Constants that each call reads: memory of the plan, shared by sessions. */
    CONSTANTS,
    /** What is only needed to compute constants; freed when they are there. */
    PROLOGUE
  }

  final Home home;
  final long bytes;
  int firstStep = Integer.MAX_VALUE;
  int lastStep = Integer.MIN_VALUE;
  long offset = -1;

  /** A region without life and place; its size is rounded up to whole cache lines. */
  Region(Home home, long bytes) {
    this.home = home;
    this.bytes = (Math.max(bytes, 1) + ALIGNMENT - 1) & -ALIGNMENT;
  }

  /** Extends the life to a step. */
  void touch(int step) {
    firstStep = Math.min(firstStep, step);
    lastStep = Math.max(lastStep, step);
  }

  /** Whether both are alive at some step. */
  boolean meets(Region other) {
    return firstStep <= other.lastStep && other.firstStep <= lastStep;
  }

  /** The first byte behind the region. */
  long end() {
    return offset + bytes;
  }
}
