package dev.detr4j.event;

import org.jspecify.annotations.Nullable;

/**
 * The calls of one session, for whoever records them. One event, made when it is first needed,
 * serves them all; not thread-safe, as the session.
 */
public final class Inferences {
  private final String model;
  private final String architecture;
  private final String backend;
  private @Nullable InferenceEvent event;
  private boolean begun;

  /** The calls of a session of this model on this backend. */
  public Inferences(String model, String architecture, String backend) {
    this.model = model;
    this.architecture = architecture;
    this.backend = backend;
  }

  /** A call begins. */
  public void started() {
    // A recording that starts during a call must not see the beginning of an earlier one.
    begun = false;
    if (!Recorder.started()) {
      return;
    }
    InferenceEvent known = event;
    if (known == null) {
      known = new InferenceEvent(model, architecture, backend);
      event = known;
    }
    begun = known.isEnabled();
    if (begun) {
      known.begin();
    }
  }

  /** The call has been successful. */
  public void finished(
      int imageCount, int width, int height, int networkWidth, int networkHeight, int found) {
    InferenceEvent known = event;
    if (begun && known != null) {
      known.finished(imageCount, width, height, networkWidth, networkHeight, found);
    }
  }
}
