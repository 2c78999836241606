package dev.detr4j.backend;

import dev.detr4j.tensor.ElementType;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a user may choose about a backend.
 *
 * @param threads threads that run kernels, the caller included; at least 1
 * @param instructionSet the tier to lower the C library to, or null for the best
 * @param vectorBits the vector width to narrow the Vector API to, or 0 for the widest
 * @param precision what products are computed in; a backend that cannot refuses to open
 * @param ownWorkers whether the threads beside the caller are for this backend alone, instead of
 *     those that the backends of this JVM share
 * @param model the name of the model that the backend will run, for recordings; empty when it is
 *     opened for none
 */
public record BackendOptions(
    int threads,
    @Nullable String instructionSet,
    int vectorBits,
    Precision precision,
    boolean ownWorkers,
    String model) {
  /** Checks the number of threads. */
  public BackendOptions {
    if (threads < 1) {
      throw new IllegalArgumentException("threads must be at least 1, got " + threads);
    }
  }

  /** As above, with fp32 products on the workers that are shared, for no model. */
  public BackendOptions(int threads, @Nullable String instructionSet, int vectorBits) {
    this(threads, instructionSet, vectorBits, Precision.FP32, false, "");
  }

  /** The same with workers of its own. */
  public BackendOptions withOwnWorkers() {
    return new BackendOptions(threads, instructionSet, vectorBits, precision, true, model);
  }

  /** The same with other products. */
  public BackendOptions withPrecision(Precision products) {
    return new BackendOptions(threads, instructionSet, vectorBits, products, ownWorkers, model);
  }

  /** The same for the model of this name. */
  public BackendOptions withModel(String name) {
    return new BackendOptions(threads, instructionSet, vectorBits, precision, ownWorkers, name);
  }

  /**
   * Why a backend that multiplies numbers of these types, as they are, cannot open with these
   * options, or null.
   */
  public @Nullable String refusalOfProducts(Set<ElementType> has) {
    if (precision.multipliesAsStored() && has.contains(precision.products())) {
      return null;
    }
    List<String> ids = new ArrayList<>();
    for (Precision other : Precision.values()) {
      if (other.multipliesAsStored() && has.contains(other.products())) {
        ids.add(other.id());
      }
    }
    return "it has no " + precision.id() + " products, only " + String.join(" and ", ids);
  }
}
