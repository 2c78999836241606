package dev.detr4j.session;

import dev.detr4j.error.CallCancelledException;
import dev.detr4j.error.DeadlineExceededException;
import dev.detr4j.error.DetectorBusyException;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

/**
 * A bounded number of things, such as sessions, that callers borrow one at a time.
 *
 * <p>A thing is made when a caller finds none idle, until there are as many as slots. Callers that
 * find no slot wait in the order of their arrival. The thing that came back last goes out first:
 * its memory is the warmest. Thread-safe; platform and virtual threads wait alike.
 */
public final class SlotPool<T> implements AutoCloseable {
  /** How often a caller that can be cancelled looks whether it has been. */
  private static final long POLL_NANOSECONDS = 5_000_000;

  private final int slots;
  private final int mostWaiting;
  private final long patience;
  private final Supplier<T> maker;
  private final Semaphore free;
  private final AtomicInteger waiting = new AtomicInteger();
  private final ConcurrentLinkedDeque<T> idle = new ConcurrentLinkedDeque<>();
  private volatile boolean closed;

  /**
   * A pool with nothing in it.
   *
   * @param slots how many things there may be, at least 1
   * @param mostWaiting callers that may wait at once; {@link Integer#MAX_VALUE} for any number
   * @param patience nanoseconds that a caller waits; {@link Long#MAX_VALUE} for any time
   * @param maker makes a thing; what it throws is thrown by {@link #take}
   */
  public SlotPool(int slots, int mostWaiting, long patience, Supplier<T> maker) {
    this.slots = slots;
    this.mostWaiting = mostWaiting;
    this.patience = patience;
    this.maker = maker;
    this.free = new Semaphore(slots, true);
  }

  /**
   * Borrows a thing until {@link #give}.
   *
   * @throws DetectorBusyException when too many callers wait, or this one has waited long enough
   * @throws DeadlineExceededException when the deadline passes first
   * @throws CallCancelledException when the call is cancelled or interrupted first
   * @throws IllegalStateException when the pool is closed
   */
  public T take(CallLimits limits) {
    // Without a barging attempt where callers wait already: they came first.
    if (waiting.get() > 0 || !free.tryAcquire()) {
      await(limits);
    }
    boolean taken = false;
    try {
      checkOpen();
      T known = idle.pollFirst();
      T thing = known == null ? maker.get() : known;
      taken = true;
      return thing;
    } finally {
      if (!taken) {
        free.release();
      }
    }
  }

  private void checkOpen() {
    if (closed) {
      throw new IllegalStateException("the detector is closed");
    }
  }

  private void await(CallLimits limits) {
    if (waiting.incrementAndGet() > mostWaiting) {
      waiting.decrementAndGet();
      throw new DetectorBusyException(
          "the detector is busy: %d sessions are in use and %d callers wait, the most that may"
              .formatted(slots, mostWaiting));
    }
    long start = System.nanoTime();
    try {
      while (true) {
        checkOpen();
        limits.check();
        long most = Math.min(patienceLeft(start), limits.left());
        long slice = limits.isPolled() ? Math.min(most, POLL_NANOSECONDS) : most;
        if (free.tryAcquire(slice, TimeUnit.NANOSECONDS)) {
          return;
        }
        if (patienceLeft(start) <= 0) {
          throw new DetectorBusyException(
              "the detector is busy: none of its %d sessions came free within %s"
                  .formatted(slots, Durations.text(patience)));
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw CallLimits.interrupted();
    } finally {
      waiting.decrementAndGet();
    }
  }

  private long patienceLeft(long start) {
    return patience == Long.MAX_VALUE ? patience : patience - (System.nanoTime() - start);
  }

  /** Takes a thing back. */
  public void give(T thing) {
    idle.addFirst(thing);
    free.release();
  }

  /** The largest number of things. */
  public int slots() {
    return slots;
  }

  /** Things that are borrowed now. */
  public int inUse() {
    return closed ? 0 : slots - free.availablePermits();
  }

  /** Callers that wait now. */
  public int waiting() {
    return waiting.get();
  }

  /**
   * Ends all waiting: callers get an {@link IllegalStateException}. Closing twice has no effect.
   */
  @Override
  public void close() {
    if (!closed) {
      closed = true;
      free.release(Integer.MAX_VALUE / 2);
    }
  }
}
