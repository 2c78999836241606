package dev.detr4j.backend;

import dev.detr4j.error.BackendException;
import java.util.stream.Collectors;

/** The implementations of the operations. A detector runs on one of them. */
public enum BackendKind {
  /** The first of cuda, c and vector that is available; never reference. */
  AUTO,
  /** Plain loops with double accumulation: the oracle of the others. Slow. */
  REFERENCE,
  /** Java's incubating Vector API. */
  VECTOR,
  /** The C library, with kernels for each instruction set. */
  C,
  /** The CUDA library. */
  CUDA;

  /** The name in options, properties and reports: the constant in lower case. */
  public String id() {
    return name().toLowerCase(java.util.Locale.ROOT);
  }

  /**
   * The kind with this name, in any case.
   *
   * @throws BackendException when there is none; the message lists the names of this build
   */
  public static BackendKind of(String id) {
    for (BackendKind kind : values()) {
      if (kind.id().equalsIgnoreCase(id)) {
        return kind;
      }
    }
    String names =
        BackendProviders.all().stream()
            .map(lookup -> lookup.kind().id())
            .collect(Collectors.joining(", "));
    throw new BackendException("backend " + id + " does not exist; expected auto, " + names);
  }
}
