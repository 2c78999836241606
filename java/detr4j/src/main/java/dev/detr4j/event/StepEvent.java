package dev.detr4j.event;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Enabled;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/**
 * One step of a program. Belongs to one program and is used again by each of its steps; not
 * thread-safe, as the program.
 */
@Name("dev.detr4j.Step")
@Label("Step")
@Category("detr4j")
@Description("One operation of a network; hundreds for each call, therefore off unless asked for")
@Enabled(false)
@StackTrace(false)
public final class StepEvent extends Event {
  @Label("Step")
  @Description("Stage, layer and part, as in encoder.0.ffn.fc1")
  String label = "";

  @Label("Operation")
  String operation = "";

  private transient boolean begun;

  /** The event of a program. */
  public StepEvent() {}

  /** A step begins. */
  public void started() {
    begun = isEnabled();
    if (begun) {
      begin();
    }
  }

  /** The step has been successful. */
  public void finished(String stepLabel, String operationName) {
    if (!begun) {
      return;
    }
    end();
    if (shouldCommit()) {
      label = stepLabel;
      operation = operationName;
      commit();
    }
  }
}
