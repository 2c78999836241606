package dev.detr4j.bench.kernel;

/** How large a case is. */
public enum CaseSize {
  /** As in an image of 1x3x800x1066: what is timed. */
  REAL,
  /** Small enough for plain loops: what tests compare on every backend. */
  SMALL
}
