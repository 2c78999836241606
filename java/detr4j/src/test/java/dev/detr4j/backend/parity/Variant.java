package dev.detr4j.backend.parity;

import dev.detr4j.backend.Backend;
import dev.detr4j.backend.BackendKind;
import dev.detr4j.backend.BackendOptions;
import dev.detr4j.backend.BackendProvider;
import dev.detr4j.backend.BackendProviders;
import dev.detr4j.backend.Precision;
import java.util.ArrayList;
import java.util.List;

/** A backend with the tier that it is lowered to. */
record Variant(BackendKind kind, BackendOptions options) {
  private static final String[] TIERS = {"baseline", "x86-64-v3", "avx512", "avx512-bf16", "neon"};
  private static final int[] WIDTHS = {128, 256, 512};

  /**
   * Every backend at its best, then lowered to every tier and vector width that exists somewhere.
   */
  static List<Variant> all() {
    List<Variant> variants = new ArrayList<>();
    variants.add(new Variant(BackendKind.REFERENCE, new BackendOptions(1, null, 0)));
    variants.add(new Variant(BackendKind.VECTOR, new BackendOptions(2, null, 0)));
    for (int bits : WIDTHS) {
      variants.add(new Variant(BackendKind.VECTOR, new BackendOptions(2, null, bits)));
    }
    variants.add(new Variant(BackendKind.C, new BackendOptions(2, null, 0)));
    for (String tier : TIERS) {
      variants.add(new Variant(BackendKind.C, new BackendOptions(2, tier, 0)));
    }
    return variants;
  }

  /** Whether this is the backend as users get it, not lowered. */
  boolean isBest() {
    return options.instructionSet() == null
        && options.vectorBits() == 0
        && options.precision() == Precision.FP32;
  }

  /** Why this cannot run here, or null when it can. */
  String unavailable() {
    return BackendProviders.of(kind).unavailable(options);
  }

  /**
   * Whether {@code detr4j.test.requireBackends} names the backend, so that its absence is a
   * failure.
   */
  boolean isRequired() {
    String required = System.getProperty("detr4j.test.requireBackends", "");
    return isBest() && List.of(required.split(",", -1)).contains(kind.id());
  }

  Backend open() {
    BackendProvider provider = BackendProviders.of(kind).provider();
    if (provider == null) {
      throw new IllegalStateException(this + ": " + unavailable());
    }
    return provider.open(options);
  }

  @Override
  public String toString() {
    String tier =
        options.instructionSet() != null
            ? options.instructionSet()
            : options.precision() != Precision.FP32
                ? options.precision().id()
                : options.vectorBits() + " bits";
    return kind.id() + (isBest() ? "" : " " + tier);
  }
}
