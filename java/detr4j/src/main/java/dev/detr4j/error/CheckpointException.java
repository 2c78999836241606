package dev.detr4j.error;

/** A checkpoint file cannot be read, or does not hold the tensors that its model needs. */
public final class CheckpointException extends Detr4jException {
  private static final long serialVersionUID = 1L;

  public CheckpointException(String message) {
    super(message);
  }

  public CheckpointException(String message, Throwable cause) {
    super(message, cause);
  }
}
