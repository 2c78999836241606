package dev.detr4j.parity;

import dev.detr4j.backend.Backend;
import dev.detr4j.backend.BackendKind;
import dev.detr4j.backend.BackendOptions;
import dev.detr4j.backend.BackendProvider;
import dev.detr4j.backend.BackendProviders;
import dev.detr4j.backend.Precision;
import dev.detr4j.error.BackendException;
import dev.detr4j.ffi.CpuTier;
import dev.detr4j.ffi.NativeLibrary;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A backend, lowered to one of its tiers, that can be opened here. Immutable. */
public record ParityTarget(BackendKind kind, BackendOptions options, String tier) {

  /**
   * Every backend that can be used here; the C library in each tier that this CPU runs, best last.
   * The vector backend has one width for each JVM, so it comes once.
   *
   * @param absent receives a line for each backend that cannot be used
   */
  public static List<ParityTarget> available(int threads, Consumer<String> absent) {
    List<ParityTarget> targets = new ArrayList<>();
    for (BackendProviders.Lookup lookup : BackendProviders.all().reversed()) {
      String reason = lookup.unavailable(new BackendOptions(threads, null, 0));
      if (reason != null) {
        absent.accept("backend " + lookup.kind().id() + " is not available: " + reason);
      } else {
        targets.addAll(tiersOf(lookup.kind(), threads));
      }
    }
    return List.copyOf(targets);
  }

  /**
   * All tiers of one backend.
   *
   * @throws BackendException when the backend cannot be used here
   */
  public static List<ParityTarget> tiersOf(BackendKind kind, int threads) {
    if (kind != BackendKind.C) {
      return List.of(of(kind, null, threads));
    }
    of(kind, null, threads);
    List<ParityTarget> targets = new ArrayList<>();
    for (CpuTier tier : CpuTier.available(NativeLibrary.load())) {
      targets.add(of(kind, tier.name(), threads));
    }
    return List.copyOf(targets);
  }

  /**
   * One backend in one tier.
   *
   * @param tier its name, or null for the best
   * @throws BackendException when the backend or the tier cannot be used here
   */
  public static ParityTarget of(BackendKind kind, @Nullable String tier, int threads) {
    return of(kind, new BackendOptions(threads, tier, 0));
  }

  /**
   * The same with other products. The tolerances of golden cases are those of fp32.
   *
   * @param tier its name, or null for the best
   * @throws BackendException when the tier has none, or cannot be used here
   */
  public static ParityTarget of(
      BackendKind kind, Precision precision, @Nullable String tier, int threads) {
    return of(kind, new BackendOptions(threads, tier, 0).withPrecision(precision));
  }

  private static ParityTarget of(BackendKind kind, BackendOptions options) {
    String reason = BackendProviders.of(kind).unavailable(options);
    if (reason != null) {
      throw new BackendException(
          "backend " + kind.id() + " asked for by name cannot be used: " + reason);
    }
    ParityTarget unnamed = new ParityTarget(kind, options, "");
    try (Backend backend = unnamed.open()) {
      return new ParityTarget(kind, options, backend.instructionSet());
    }
  }

  /** Opens the backend; the caller closes it. */
  public Backend open() {
    BackendProvider provider = BackendProviders.of(kind).provider();
    if (provider == null) {
      throw new BackendException("backend " + kind.id() + " is not part of this build");
    }
    return provider.open(options);
  }

  /** Backend and tier, as in {@code c avx512}. */
  @Override
  public String toString() {
    return kind.id() + " " + tier;
  }
}
