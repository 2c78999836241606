package dev.detr4j.error;

/** A model configuration is missing, malformed, or describes a model that detr4j does not run. */
public final class ModelConfigException extends Detr4jException {
  private static final long serialVersionUID = 1L;

  public ModelConfigException(String message) {
    super(message);
  }

  public ModelConfigException(String message, Throwable cause) {
    super(message, cause);
  }
}
