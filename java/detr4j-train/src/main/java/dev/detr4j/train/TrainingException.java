package dev.detr4j.train;

import dev.detr4j.error.Detr4jException;

/** Data, options or a run cannot be used for training. */
public class TrainingException extends Detr4jException {
  private static final long serialVersionUID = 1L;

  public TrainingException(String message) {
    super(message);
  }

  public TrainingException(String message, Throwable cause) {
    super(message, cause);
  }
}
