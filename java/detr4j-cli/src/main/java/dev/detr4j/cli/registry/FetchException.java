package dev.detr4j.cli.registry;

import dev.detr4j.error.Detr4jException;

/** A model could not be fetched. */
public final class FetchException extends Detr4jException {
  private static final long serialVersionUID = 1L;

  public FetchException(String message) {
    super(message);
  }

  public FetchException(String message, Throwable cause) {
    super(message, cause);
  }
}
