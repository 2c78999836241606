package dev.detr4j;

/**
 * Hears of each call of {@link Detector#detect} and {@link DetectorCall} when it has ended. Many
 * calling threads use a listener at once, and each waits until it returns: be quick. What a
 * listener throws, the caller gets in place of its result.
 */
@FunctionalInterface
public interface CallListener {
  /** How a call ended. */
  enum Outcome {
    /** With a list of detections, which may be empty. */
    SUCCESS,
    /** With an error: a broken image, for one. */
    ERROR,
    /** With a {@link dev.detr4j.error.DetectorBusyException}. */
    BUSY,
    /** With a {@link dev.detr4j.error.DeadlineExceededException}. */
    DEADLINE,
    /** With a {@link dev.detr4j.error.CallCancelledException}. */
    CANCELLED
  }

  /**
   * A call has ended.
   *
   * @param waited nanoseconds until a session was free
   * @param ran nanoseconds from then on, decoding included; 0 if no session was free
   * @param detections how many it returned; 0 without success
   */
  void ended(Outcome outcome, long waited, long ran, int detections);
}
