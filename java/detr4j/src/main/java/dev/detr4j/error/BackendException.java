package dev.detr4j.error;

/** A backend cannot be loaded, cannot run a model, or failed while running one. */
public class BackendException extends Detr4jException {
  private static final long serialVersionUID = 1L;

  public BackendException(String message) {
    super(message);
  }

  public BackendException(String message, Throwable cause) {
    super(message, cause);
  }
}
