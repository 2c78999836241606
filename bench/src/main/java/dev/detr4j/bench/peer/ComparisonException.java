package dev.detr4j.bench.peer;

import dev.detr4j.error.Detr4jException;

/** What keeps a comparison from being made, for the user who asked for it. */
public final class ComparisonException extends Detr4jException {
  private static final long serialVersionUID = 1L;

  /** One line that a user can act on. */
  public ComparisonException(String message) {
    super(message);
  }

  /** One line that a user can act on. */
  public ComparisonException(String message, Throwable cause) {
    super(message, cause);
  }
}
