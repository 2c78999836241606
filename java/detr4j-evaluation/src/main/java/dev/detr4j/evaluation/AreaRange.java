package dev.detr4j.evaluation;

/** COCO's sizes of objects, by area in square pixels; both bounds belong to a range. */
public enum AreaRange {
  /** Every size. */
  ALL(0, 1e10),
  /** Up to 32 x 32. */
  SMALL(0, 32 * 32),
  /** 32 x 32 to 96 x 96. */
  MEDIUM(32 * 32, 96 * 96),
  /** From 96 x 96. */
  LARGE(96 * 96, 1e10);

  private final double least;
  private final double most;

  AreaRange(double least, double most) {
    this.least = least;
    this.most = most;
  }

  boolean contains(double area) {
    return area >= least && area <= most;
  }
}
