package dev.detr4j.error;

/**
 * The root of every error that detr4j reports on purpose.
 *
 * <p>The message is one line that names the thing, what it was, and what was expected. It is fit to
 * show to a user.
 */
public abstract class Detr4jException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  protected Detr4jException(String message) {
    super(message);
  }

  protected Detr4jException(String message, Throwable cause) {
    super(message, cause);
  }

  /** One line; never null. */
  @Override
  public String getMessage() {
    return String.valueOf(super.getMessage());
  }
}
