package dev.detr4j.error;

/**
 * A detector had no session free for a call: as many callers waited as may, or the call waited as
 * long as it may. The same call can succeed later; an HTTP service answers 503.
 */
public final class DetectorBusyException extends Detr4jException {
  private static final long serialVersionUID = 1L;

  public DetectorBusyException(String message) {
    super(message);
  }
}
