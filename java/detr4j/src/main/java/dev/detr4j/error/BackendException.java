package dev.detr4j.error;

import dev.detr4j.backend.BackendKind;
import java.util.List;

/** A backend cannot be loaded, cannot run a model, or failed while running one. */
public final class BackendException extends Detr4jException {
  private static final long serialVersionUID = 1L;

  @SuppressWarnings("serial") // An immutable list of enum constants, serialisable in fact.
  private final List<BackendKind> refused;

  public BackendException(String message) {
    this(message, List.of());
  }

  public BackendException(String message, Throwable cause) {
    super(message, cause);
    refused = List.of();
  }

  /** No backend could be chosen; the message says why each of these kinds cannot be used. */
  public BackendException(String message, List<BackendKind> refused) {
    super(message);
    this.refused = List.copyOf(refused);
  }

  /**
   * The backends that were tried before the choice of one failed: all but reference, or the one
   * that was asked for by name. Empty when something else went wrong.
   */
  public List<BackendKind> refused() {
    return refused;
  }
}
