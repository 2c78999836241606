package dev.detr4j.error;

/** A call did not end within the time that its caller gave it; an HTTP service answers 504. */
public final class DeadlineExceededException extends Detr4jException {
  private static final long serialVersionUID = 1L;

  public DeadlineExceededException(String message) {
    super(message);
  }
}
