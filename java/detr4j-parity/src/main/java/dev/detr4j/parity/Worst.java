package dev.detr4j.parity;

import java.util.Locale;

/**
 * Collects the comparisons of one stage and keeps the one that is farthest off, measured by its own
 * limit.
 */
final class Worst {
  private double error;
  private double limit = Double.NaN;
  private double relative = -1;
  private String note = "";

  /**
   * Adds a comparison. Numbers of which one is NaN are infinitely far apart, equal infinities are
   * not apart.
   *
   * @param what is compared, for the note of a miss
   */
  void add(String what, double actual, double expected, double allowed) {
    if (take(actual, expected, allowed)) {
      note = miss(what, actual, expected, allowed);
    }
  }

  /** The same for an element of an array; its name is made only where it is needed. */
  void add(String array, long element, double actual, double expected, double allowed) {
    if (take(actual, expected, allowed)) {
      note = miss(array + " " + element, actual, expected, allowed);
    }
  }

  /**
   * Adds the distance of two things that are no numbers.
   *
   * @param what is off, for the note of a miss
   */
  void addDistance(String what, double distance, double allowed) {
    if (take(distance, 0, allowed)) {
      note = String.format(Locale.ROOT, "%s is off by %.3g, limit %.2g", what, distance, allowed);
    }
  }

  /** Adds something that cannot be right at all. */
  void addWrong(String what) {
    relative = Double.POSITIVE_INFINITY;
    error = Double.POSITIVE_INFINITY;
    limit = 0;
    note = what;
  }

  private boolean take(double actual, double expected, double allowed) {
    double off = OpRun.worst(0, actual, expected);
    double share = off == 0 ? 0 : off / allowed;
    if (!(share > relative)) {
      return false;
    }
    relative = share;
    error = off;
    limit = allowed;
    note = "";
    return off > allowed;
  }

  private static String miss(String what, double actual, double expected, double allowed) {
    return String.format(
        Locale.ROOT, "%s is %.9g, expected %.9g within %.2g", what, actual, expected, allowed);
  }

  /** The stage; it misses where nothing was added. */
  StageResult result(String stage) {
    return new StageResult(
        stage,
        relative < 0 ? Double.POSITIVE_INFINITY : error,
        limit,
        relative < 0 ? "nothing was compared" : note);
  }
}
