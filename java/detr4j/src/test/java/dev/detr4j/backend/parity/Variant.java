package dev.detr4j.backend.parity;

import dev.detr4j.backend.Backend;
import dev.detr4j.backend.BackendKind;
import dev.detr4j.backend.BackendOptions;
import dev.detr4j.backend.BackendProvider;
import dev.detr4j.backend.BackendProviders;
import dev.detr4j.backend.Precision;
import dev.detr4j.backend.vector.WidthsHere;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A backend with the tier that it is lowered to. */
record Variant(BackendKind kind, BackendOptions options) {
  /** The tier of a backend that is not lowered. */
  static final String BEST = "best";

  private static final String REQUIRED = "detr4j.test.requireBackends";

  private static final String[] TIERS = {
    "baseline", "x86-64-v3", "avx512", "avx512-bf16", "neon", "avx512-amx"
  };
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
    variants.add(new Variant(BackendKind.CUDA, new BackendOptions(1, null, 0)));
    return variants;
  }

  /** Whether this is the backend as users get it, not lowered. */
  boolean isBest() {
    return options.instructionSet() == null
        && options.vectorBits() == 0
        && options.precision() == Precision.FP32;
  }

  /** The same backend as users get it. */
  Variant best() {
    return new Variant(kind, new BackendOptions(options.threads(), null, 0));
  }

  /**
   * Whether it runs in a JVM of its own, see {@link VariantJvm}: a width of vectors, because a JVM
   * has one, and the emulated device, because it ends the process where a kernel breaks a rule.
   */
  boolean needsOwnJvm() {
    return options.vectorBits() != 0 || kind == BackendKind.CUDA;
  }

  /** Whether it is what {@link #best} is in this JVM. */
  boolean hasWidthOfThisJvm() {
    return options.vectorBits() != 0 && options.vectorBits() == WidthsHere.ofThisJvm();
  }

  /** The instruction set, the width of vectors in bits, or {@link #BEST}. */
  String tier() {
    if (options.instructionSet() != null) {
      return options.instructionSet();
    }
    if (options.precision() != Precision.FP32) {
      return options.precision().id();
    }
    return isBest() ? BEST : Integer.toString(options.vectorBits());
  }

  /** Why this cannot run on this machine, or null when it can. */
  @Nullable String unavailable() {
    if (kind == BackendKind.CUDA) {
      return EmulatedDevice.unavailable();
    }
    if (!needsOwnJvm()) {
      return BackendProviders.of(kind).unavailable(options);
    }
    String reason = best().unavailable();
    return reason != null ? reason : WidthsHere.refusal(options.vectorBits());
  }

  /** The setting that makes its absence a failure, or null when it may be absent. */
  @Nullable String requiredBy() {
    String required = System.getProperty(REQUIRED, "");
    if (isBest() && List.of(required.split(",", -1)).contains(kind.id())) {
      return REQUIRED;
    }
    return Selection.ofProcess().demands(this);
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
    return kind.id() + (isBest() ? "" : " " + tier() + (options.vectorBits() != 0 ? " bits" : ""));
  }
}
