package dev.detr4j.backend.vector;

import org.jspecify.annotations.Nullable;

/**
 * Which widths of vectors this processor and this JVM have, for tests that start a JVM for each.
 */
public final class WidthsHere {
  private WidthsHere() {}

  /** The width of this JVM in bits; fixes it, as the first use does. */
  public static int ofThisJvm() {
    return Lanes.BITS;
  }

  /** Why no JVM on this processor can have vectors of this width, or null when one can. */
  public static @Nullable String refusal(int bits) {
    int widest = WidestVectors.bits();
    return bits > widest ? "the widest vectors here have " + widest + " bits" : null;
  }
}
