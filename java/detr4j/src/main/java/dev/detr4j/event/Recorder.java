package dev.detr4j.event;

import jdk.jfr.FlightRecorder;
import org.jspecify.annotations.Nullable;

/**
 * Whether the JDK Flight Recorder has been started in this JVM, and the events that are made for
 * one occasion.
 *
 * <p>An event class registers itself when it is initialised, and the first one to do so sets up
 * much of the recorder: a tenth of a second when a JVM starts. So none is touched before somebody
 * has recorded anything; from then on they are.
 */
public final class Recorder {
  private Recorder() {}

  /** Whether there has been a recording, of whatever; a field is read, nothing is loaded. */
  static boolean started() {
    return FlightRecorder.isInitialized();
  }

  /** The choice of a backend begins; null when nobody records. */
  public static @Nullable BackendChosenEvent choosing() {
    if (!started()) {
      return null;
    }
    BackendChosenEvent event = new BackendChosenEvent();
    event.begin();
    return event;
  }

  /** Planning begins; null when nobody records. */
  public static @Nullable PlanBuiltEvent planning() {
    if (!started()) {
      return null;
    }
    PlanBuiltEvent event = new PlanBuiltEvent();
    event.begin();
    return event;
  }
}
