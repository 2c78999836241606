package dev.detr4j.backend.vector;

import dev.detr4j.backend.PeakMeter;
import dev.detr4j.backend.PeakRates;
import dev.detr4j.backend.VectorUnit;
import dev.detr4j.error.BackendException;
import org.jspecify.annotations.Nullable;

/**
 * Measures in Java, with vectors of the width, and the kind of instructions, that a backend uses.
 *
 * <p>May be touched where the module of the Vector API is missing.
 */
final class VectorPeakMeter implements PeakMeter {
  @Override
  public @Nullable String refusal(VectorUnit vectors) {
    String missing = VectorJvm.refusal();
    return missing != null ? missing : PeakVectors.refusal(available(vectors));
  }

  @Override
  public PeakRates measure(VectorUnit vectors, int threads) {
    String reason = refusal(vectors);
    if (reason == null) {
      reason = PeakVectors.fix(available(vectors));
    }
    if (reason != null) {
      throw new BackendException("the machine's peaks cannot be measured: " + reason);
    }
    return PeakLoops.run(threads);
  }

  /** As wide as the processor has it. */
  private static VectorUnit available(VectorUnit vectors) {
    return new VectorUnit(Math.min(vectors.mostBits(), WidestVectors.bits()), vectors.fused());
  }
}
