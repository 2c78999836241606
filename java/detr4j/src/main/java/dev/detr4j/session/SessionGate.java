package dev.detr4j.session;

import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;

/**
 * Lets one caller at a time into a session, and closes it once nobody is inside. Thread-safe;
 * entering and leaving cost a compare-and-set each.
 */
public final class SessionGate {
  private enum State {
    IDLE,
    RUNNING,
    CLOSING,
    CLOSED
  }

  /** A call takes milliseconds, and closing is rare: looking again every 0.1 ms is enough. */
  private static final long PAUSE_NANOSECONDS = 100_000;

  private static final String CLOSED = "the session is closed";

  private final AtomicReference<State> state = new AtomicReference<>(State.IDLE);
  private volatile boolean refusing;

  /** An open gate with nobody inside. */
  public SessionGate() {}

  /**
   * Begins a call, which ends with {@link #leave}.
   *
   * @throws IllegalStateException when another call runs, or the session is closed or about to be
   */
  public void enter() {
    if (refusing) {
      throw new IllegalStateException(CLOSED);
    }
    if (!state.compareAndSet(State.IDLE, State.RUNNING)) {
      throw new IllegalStateException(
          state.get() == State.RUNNING
              ? "the session is in use by another thread: a session serves one caller at a time"
              : CLOSED);
    }
  }

  /**
   * Refuses calls from now on; a call that runs goes on. Without this, a caller that comes back at
   * once would nearly always be faster than who waits to close.
   */
  public void refuse() {
    refusing = true;
  }

  /** Ends the call that entered. */
  public void leave() {
    state.set(State.IDLE);
  }

  /**
   * Lets no other call in, waits for the one that runs, and frees what the session holds. Who comes
   * second waits until the first has freed it. An interrupted thread waits too and stays
   * interrupted.
   *
   * @param free frees what the session holds; the gate is closed even if it throws
   * @return whether this call was the one that closed
   */
  public boolean close(Runnable free) {
    refuse();
    if (!closesWhenIdle()) {
      return false;
    }
    try {
      free.run();
    } finally {
      state.set(State.CLOSED);
    }
    return true;
  }

  /** Waits until no call runs, and shuts; false when another close was first and has ended. */
  private boolean closesWhenIdle() {
    boolean interrupted = false;
    try {
      while (!state.compareAndSet(State.IDLE, State.CLOSING)) {
        if (state.get() == State.CLOSED) {
          return false;
        }
        // An interrupted thread would not park, and so would spin.
        interrupted |= Thread.interrupted();
        LockSupport.parkNanos(PAUSE_NANOSECONDS);
      }
      return true;
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
