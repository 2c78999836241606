package dev.detr4j.evaluation;

import dev.detr4j.error.Detr4jException;

/** A file of annotations or results is not what it should be. */
public final class EvaluationException extends Detr4jException {
  private static final long serialVersionUID = 1L;

  public EvaluationException(String message) {
    super(message);
  }

  public EvaluationException(String message, Throwable cause) {
    super(message, cause);
  }
}
