package dev.detr4j.error;

/** A call was given up on request of its caller, or because its caller's thread was interrupted. */
public final class CallCancelledException extends Detr4jException {
  private static final long serialVersionUID = 1L;

  public CallCancelledException(String message) {
    super(message);
  }
}
