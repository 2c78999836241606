package dev.detr4j.serve.schedule;

import dev.detr4j.serve.exchange.Refusal;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Who computes next. A fixed number of turns run at once; requests beyond that wait in a line for
 * each model, and beyond a bound they are refused at once.
 *
 * <p>Lines are fair in time, not in number: the next turn belongs to the line that has computed
 * least (start-time fair queueing), so that a slow model does not make a fast one wait for as many
 * slow calls. A line that was empty has no claim on the time that it left unused. Thread-safe.
 */
public final class Scheduler {
  /** How much a new time counts in the average of a line. */
  private static final double NEW = 0.1;

  /** Somebody who waits. */
  private static final class Waiter {
    final Thread thread = Thread.currentThread();

    /** What its line was charged for the turn; to be read once it is granted. */
    double charged;

    volatile boolean granted;
  }

  /** The requests of one model. */
  public static final class Line {
    private final Deque<Waiter> waiting = new ArrayDeque<>();
    private double used;
    private double average;

    private Line() {}
  }

  /** The right to compute; closing passes it on. */
  public final class Turn implements AutoCloseable {
    private final Line line;
    private final double charged;
    private final long begun = System.nanoTime();

    private Turn(Line line, double charged) {
      this.line = line;
      this.charged = charged;
    }

    @Override
    public void close() {
      double took = System.nanoTime() - begun;
      lock.lock();
      try {
        line.used += took - charged;
        line.average = line.average == 0 ? took : line.average + NEW * (took - line.average);
        running--;
        grant();
      } finally {
        lock.unlock();
      }
    }
  }

  private final int turns;
  private final int mostWaiting;
  private final ReentrantLock lock = new ReentrantLock();
  private final List<Line> lines = new ArrayList<>();

  /** The most that a line had computed when it got a turn: what a newcomer starts with. */
  private double virtualTime;

  private int running;
  private int admitted;

  /**
   * A scheduler without lines.
   *
   * @param turns how many compute at once
   * @param mostWaiting how many further requests may be at hand
   */
  public Scheduler(int turns, int mostWaiting) {
    this.turns = turns;
    this.mostWaiting = mostWaiting;
  }

  /** How many compute at once. */
  public int turns() {
    return turns;
  }

  /** A line of its own for a model. */
  public Line newLine() {
    lock.lock();
    try {
      Line line = new Line();
      lines.add(line);
      return line;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Lets a request in, or refuses it where the queue is full or its time would be over before its
   * turn. Whoever is in calls {@link #leave} once.
   *
   * @param nanoseconds what the request has left
   */
  public void enter(Line line, long nanoseconds) {
    lock.lock();
    try {
      checkRoom();
      double wait = expectedWait();
      // Without a wait, the average proves nothing: one slow call would refuse all that follow.
      if (wait > 0 && wait + line.average > nanoseconds) {
        throw Refusal.busy(
            "the wait is about %d s, longer than this request may take".formatted(seconds(wait)),
            seconds(wait));
      }
      admitted++;
    } finally {
      lock.unlock();
    }
  }

  /** Refuses as {@link #enter} would now, and lets nobody in: before a body is read. */
  public void check() {
    lock.lock();
    try {
      checkRoom();
    } finally {
      lock.unlock();
    }
  }

  private void checkRoom() {
    if (admitted >= turns + mostWaiting) {
      throw Refusal.busy(
          "%d requests are waiting, as many as may".formatted(mostWaiting),
          seconds(expectedWait()));
    }
  }

  /** The request of an {@link #enter} has ended. */
  public void leave() {
    lock.lock();
    try {
      admitted--;
    } finally {
      lock.unlock();
    }
  }

  /** Requests that were let in and have not left. */
  public int atHand() {
    lock.lock();
    try {
      return admitted;
    } finally {
      lock.unlock();
    }
  }

  /** Turns that run. */
  public int running() {
    lock.lock();
    try {
      return running;
    } finally {
      lock.unlock();
    }
  }

  private static long seconds(double nanoseconds) {
    return (long) Math.ceil(nanoseconds / 1e9);
  }

  /** Nanoseconds until a request that came now had its turn, if calls go on as they did. */
  private double expectedWait() {
    double work = 0;
    for (Line each : lines) {
      work += each.waiting.size() * each.average;
    }
    return running < turns ? 0 : work / turns;
  }

  /**
   * Waits for a turn.
   *
   * @param deadline of {@link System#nanoTime}
   * @throws Refusal when the deadline passes, or this thread is interrupted
   */
  public Turn take(Line line, long deadline) {
    Waiter waiter;
    lock.lock();
    try {
      if (line.waiting.isEmpty()) {
        line.used = Math.max(line.used, virtualTime);
      }
      waiter = new Waiter();
      line.waiting.addLast(waiter);
      grant();
    } finally {
      lock.unlock();
    }
    while (!waiter.granted) {
      long left = deadline - System.nanoTime();
      if (left <= 0 || Thread.currentThread().isInterrupted()) {
        if (giveUp(line, waiter)) {
          throw left <= 0
              ? Refusal.late("the time of the request ended while it waited")
              : Refusal.gone();
        }
        break; // granted in this very moment
      }
      LockSupport.parkNanos(this, left);
    }
    return new Turn(line, waiter.charged);
  }

  private boolean giveUp(Line line, Waiter waiter) {
    lock.lock();
    try {
      return line.waiting.remove(waiter);
    } finally {
      lock.unlock();
    }
  }

  private void grant() {
    while (running < turns) {
      @Nullable Line next = null;
      for (Line each : lines) {
        if (!each.waiting.isEmpty() && (next == null || each.used < next.used)) {
          next = each;
        }
      }
      if (next == null) {
        return;
      }
      virtualTime = Math.max(virtualTime, next.used);
      Waiter waiter = next.waiting.removeFirst();
      running++;
      next.used += next.average;
      waiter.charged = next.average;
      waiter.granted = true;
      LockSupport.unpark(waiter.thread);
    }
  }
}
