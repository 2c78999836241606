package dev.detr4j.backend;

import dev.detr4j.error.BackendException;
import org.jspecify.annotations.Nullable;

/** Measures how fast this machine computes and reads at best. Thread-safe. */
public interface PeakMeter {
  /** Why nothing can be measured with these vectors, in one sentence, or null when it can. */
  @Nullable String refusal(VectorUnit vectors);

  /**
   * Measures for about half a second.
   *
   * @param threads threads that compute and read at once
   * @throws BackendException when {@link #refusal} has a reason
   */
  PeakRates measure(VectorUnit vectors, int threads);

  /** The meter of whichever provider has one; it refuses where none has. */
  static PeakMeter ofThisJvm() {
    for (BackendProviders.Lookup lookup : BackendProviders.all()) {
      BackendProvider provider = lookup.provider();
      PeakMeter meter = provider == null ? null : provider.peakMeter();
      if (meter != null) {
        return meter;
      }
    }
    return new PeakMeter() {
      @Override
      public String refusal(VectorUnit vectors) {
        return "this build of detr4j has no backend that measures";
      }

      @Override
      public PeakRates measure(VectorUnit vectors, int threads) {
        throw new BackendException("the machine's peaks cannot be measured: " + refusal(vectors));
      }
    };
  }
}
