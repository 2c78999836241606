package dev.detr4j.backend;

import dev.detr4j.error.BackendException;
import java.util.List;

/** No backend could be chosen; the message says why each that was tried cannot be used. */
public final class NoBackendException extends BackendException {
  private static final long serialVersionUID = 1L;

  @SuppressWarnings("serial") // An immutable list of enum constants, serialisable in fact.
  private final List<BackendKind> refused;

  /** With those that were tried. */
  public NoBackendException(String message, List<BackendKind> refused) {
    super(message);
    this.refused = List.copyOf(refused);
  }

  /** The backends that were tried: all but reference, or the one that was asked for by name. */
  public List<BackendKind> refused() {
    return refused;
  }
}
