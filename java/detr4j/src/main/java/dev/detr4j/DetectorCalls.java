package dev.detr4j;

import dev.detr4j.CallListener.Outcome;
import dev.detr4j.error.CallCancelledException;
import dev.detr4j.error.DeadlineExceededException;
import dev.detr4j.error.DetectorBusyException;
import dev.detr4j.session.CallLimits;
import dev.detr4j.session.PlatformThreads;
import dev.detr4j.session.SlotPool;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BiFunction;

/**
 * The calls of {@link Detector#detect}: a bounded number of sessions, and callers that take turns.
 * Thread-safe.
 */
final class DetectorCalls implements AutoCloseable {
  /** A session with detections for it to fill. */
  private record Slot(DetectorSession session, Detections found) {}

  /** How a call went so far, for its listeners. */
  private static final class Course {
    long begun = System.nanoTime();
    long entered;
  }

  private final SlotPool<Slot> slots;
  private final PlatformThreads threads;
  private final List<CallListener> listeners = new CopyOnWriteArrayList<>();

  /**
   * Without sessions; they open when calls need them.
   *
   * @param patience nanoseconds that a caller waits at most
   */
  DetectorCalls(Detector detector, int sessions, int mostWaiting, long patience) {
    slots =
        new SlotPool<>(
            sessions,
            mostWaiting,
            patience,
            () -> {
              DetectorSession session = detector.newSession();
              return new Slot(session, session.newDetections());
            });
    threads = new PlatformThreads(sessions);
  }

  /** Runs a call in a session, when one is free. */
  List<Detection> run(
      CallLimits limits, BiFunction<DetectorSession, Detections, List<Detection>> call) {
    Course course = new Course();
    List<Detection> found;
    try {
      found = inSlot(limits, course, call);
    } catch (Throwable e) {
      ended(course, outcome(e), 0);
      throw e;
    }
    ended(course, Outcome.SUCCESS, found.size());
    return found;
  }

  private List<Detection> inSlot(
      CallLimits limits,
      Course course,
      BiFunction<DetectorSession, Detections, List<Detection>> call) {
    Slot slot = slots.take(limits);
    course.entered = System.nanoTime();
    try {
      return threads.run(limits, () -> call.apply(slot.session, slot.found));
    } finally {
      slots.give(slot);
    }
  }

  private static Outcome outcome(Throwable e) {
    return switch (e) {
      case DetectorBusyException _ -> Outcome.BUSY;
      case DeadlineExceededException _ -> Outcome.DEADLINE;
      case CallCancelledException _ -> Outcome.CANCELLED;
      default -> Outcome.ERROR;
    };
  }

  private void ended(Course course, Outcome outcome, int detections) {
    if (listeners.isEmpty()) {
      return;
    }
    long now = System.nanoTime();
    boolean entered = course.entered != 0;
    long waited = (entered ? course.entered : now) - course.begun;
    long ran = entered ? now - course.entered : 0;
    for (CallListener each : listeners) {
      each.ended(outcome, waited, ran, detections);
    }
  }

  /**
   * Opens all sessions and warms each up with images of this size. Waits for running calls, and
   * lets others wait.
   */
  synchronized WarmUp warmUp(int width, int height) {
    List<Slot> all = new ArrayList<>();
    try {
      CallLimits none = new CallLimits(null, null);
      for (int i = 0; i < slots.slots(); i++) {
        all.add(slots.take(none));
      }
      WarmUp first = threads.run(none, () -> all.getFirst().session().warmUp(width, height));
      for (Slot each : all.subList(1, all.size())) {
        threads.run(none, () -> each.session().warmUp(width, height, Duration.ZERO));
      }
      return first;
    } finally {
      all.forEach(slots::give);
    }
  }

  DetectorLoad load() {
    return new DetectorLoad(slots.slots(), slots.inUse(), slots.waiting());
  }

  void add(CallListener listener) {
    listeners.add(listener);
  }

  void remove(CallListener listener) {
    listeners.remove(listener);
  }

  /** Refuses callers, those that wait included; the detector closes the sessions. */
  @Override
  public void close() {
    slots.close();
    threads.close();
  }
}
