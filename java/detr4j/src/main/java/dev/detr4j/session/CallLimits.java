package dev.detr4j.session;

import dev.detr4j.backend.StopSignal;
import dev.detr4j.error.CallCancelledException;
import dev.detr4j.error.DeadlineExceededException;
import java.time.Duration;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * When one call is to be given up: at its deadline, on request, or when the thread of its caller is
 * interrupted. The call may run on another thread than its caller's. Thread-safe.
 */
public final class CallLimits implements StopSignal {
  private final Thread caller = Thread.currentThread();
  private final long start = System.nanoTime();
  private final long timeout;
  private final @Nullable BooleanSupplier cancelled;
  private volatile boolean interrupted;

  /**
   * Limits of a call that begins now, on the current thread.
   *
   * @param timeout how long it may take, waiting included; null for no limit
   * @param cancelled true when the caller no longer wants the result; any thread may ask it
   */
  public CallLimits(@Nullable Duration timeout, @Nullable BooleanSupplier cancelled) {
    this.timeout = timeout == null ? Long.MAX_VALUE : nanoseconds(timeout);
    this.cancelled = cancelled;
  }

  /** The duration, or the longest that a {@code long} can say. */
  public static long nanoseconds(Duration duration) {
    try {
      return duration.toNanos();
    } catch (ArithmeticException e) {
      return Long.MAX_VALUE;
    }
  }

  @Override
  public void check() {
    if (interrupted || caller.isInterrupted()) {
      throw interrupted();
    }
    if (left() <= 0) {
      throw deadline();
    }
    if (cancelled != null && cancelled.getAsBoolean()) {
      throw new CallCancelledException("the call was cancelled");
    }
  }

  /** Nanoseconds until the deadline; negative after it. */
  long left() {
    return timeout == Long.MAX_VALUE ? timeout : timeout - elapsed();
  }

  /** Nanoseconds since the call began. */
  long elapsed() {
    return System.nanoTime() - start;
  }

  /** Whether somebody has to ask again and again, because nobody wakes a thread that waits. */
  boolean isPolled() {
    return cancelled != null;
  }

  /**
   * Tells a call on another thread that its caller was interrupted. The caller may have cleared its
   * own flag, which {@link #check} looks at too.
   */
  void interrupt() {
    interrupted = true;
  }

  /** What an interrupted caller gets. */
  static CallCancelledException interrupted() {
    return new CallCancelledException("the call was interrupted");
  }

  /** What a caller gets after the deadline. */
  DeadlineExceededException deadline() {
    return new DeadlineExceededException(
        "the call did not end within its " + Durations.text(timeout));
  }
}
