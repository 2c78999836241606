package dev.detr4j.error;

/** An image cannot be decoded or has a size that cannot be processed. */
public final class ImageException extends Detr4jException {
  private static final long serialVersionUID = 1L;

  public ImageException(String message) {
    super(message);
  }

  public ImageException(String message, Throwable cause) {
    super(message, cause);
  }
}
