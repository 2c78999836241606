package dev.detr4j.backend.vector;

import org.jspecify.annotations.Nullable;

/**
 * The width in bits that the vectors of this JVM shall have; decided once, before {@link Lanes} is
 * initialised.
 *
 * <p>The species must be a static final constant, or C2 boxes every vector, so one JVM has one
 * width. The first backend that is opened fixes it: its option, else the system property {@value
 * #PROPERTY}, else the widest. Thread-safe. Touches nothing of the Vector API.
 */
final class VectorWidth {
  static final String PROPERTY = "detr4j.vector.bits";

  private static final String NAMED =
      "the width of vectors (" + PROPERTY + " or DETR4J_VECTOR_BITS)";

  private static int fixed;

  private VectorWidth() {}

  /**
   * Why vectors of this width cannot be had, or null when they can.
   *
   * @param bits the width that is asked for, 0 for no demand
   * @param widest the width of this processor's widest vectors
   */
  static synchronized @Nullable String refusal(int bits, int widest) {
    int asked = bits != 0 ? bits : fixed == 0 ? ofProperty() : fixed;
    if (asked != 0 && asked != 128 && asked != 256 && asked != 512) {
      return NAMED + " is " + describe(asked) + ", expected 128, 256 or 512";
    }
    if (widest < 128) {
      return "this processor or JVM has no vectors of 128 bits or more (widest: " + widest + ")";
    }
    if (asked > widest) {
      return NAMED + " is " + asked + ", but the widest vectors here have " + widest + " bits";
    }
    if (fixed != 0 && asked != fixed) {
      return "this JVM already runs vectors of "
          + fixed
          + " bits and was now asked for "
          + asked
          + "; the width is fixed by the first use, start another JVM with -D"
          + PROPERTY
          + "="
          + asked;
    }
    return null;
  }

  /** Fixes the width, unless it is fixed already, and returns it. */
  static synchronized int fix(int bits, int widest) {
    if (fixed == 0) {
      int asked = bits != 0 ? bits : ofProperty();
      fixed = asked != 0 ? asked : Math.min(widest, 512);
    }
    return fixed;
  }

  private static String describe(int asked) {
    return asked == -1 ? System.getProperty(PROPERTY, "") : Integer.toString(asked);
  }

  /** 0 when the property is absent or empty, -1 when it is not a number. */
  private static int ofProperty() {
    String text = System.getProperty(PROPERTY, "");
    if (text.isEmpty()) {
      return 0;
    }
    try {
      return Integer.parseInt(text);
    } catch (NumberFormatException e) {
      return -1;
    }
  }
}
