package dev.detr4j.backend.vector;

import dev.detr4j.backend.VectorUnit;
import org.jspecify.annotations.Nullable;

/**
 * The kind of vectors that {@link PeakLoops} measures in this JVM; decided once, before that class
 * is initialised, because C2 needs to know them as constants. Thread-safe.
 */
final class PeakVectors {
  private static @Nullable VectorUnit fixed;

  private PeakVectors() {}

  /** Why this JVM cannot measure these vectors any more, or null when it can. */
  static synchronized @Nullable String refusal(VectorUnit wanted) {
    VectorUnit known = fixed;
    return known == null || known.equals(wanted)
        ? null
        : "this JVM has measured vectors of %d bits%s before; start another"
            .formatted(
                known.mostBits(), known.fused() ? "" : ", multiplication and addition apart,");
  }

  /** Decides, or says why not. */
  static synchronized @Nullable String fix(VectorUnit wanted) {
    String reason = refusal(wanted);
    if (reason == null) {
      fixed = wanted;
    }
    return reason;
  }

  /** What was decided. */
  static synchronized VectorUnit fixed() {
    if (fixed == null) {
      throw new IllegalStateException("the kind of vectors is not decided yet");
    }
    return fixed;
  }
}
