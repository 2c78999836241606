package dev.detr4j.event;

import org.jspecify.annotations.Nullable;

/**
 * The steps of one program, for whoever records them. One event, made when it is first needed,
 * serves them all; not thread-safe, as the program.
 */
public final class Steps {
  private final String model;
  private @Nullable StepEvent event;
  private boolean begun;

  /** The steps of a program of this model. */
  public Steps(String model) {
    this.model = model;
  }

  /** A step begins. */
  public void started() {
    begun = false;
    if (!Recorder.started()) {
      return;
    }
    StepEvent known = event;
    if (known == null) {
      known = new StepEvent(model);
      event = known;
    }
    begun = known.isEnabled();
    if (begun) {
      known.begin();
    }
  }

  /** The step has been successful. */
  public void finished(String label, String operation) {
    StepEvent known = event;
    if (begun && known != null) {
      known.finished(label, operation);
    }
  }
}
