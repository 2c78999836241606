package dev.detr4j.event;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Enabled;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** One step of a program; see {@link Steps}. */
@Name("dev.detr4j.Step")
@Label("Step")
@Category("detr4j")
@Description("One operation of a network; hundreds per call, so this event is off by default")
@Enabled(false)
@StackTrace(false)
final class StepEvent extends Event {
  @Label("Model")
  final String model;

  @Label("Step")
  @Description("Stage, layer and part, as in encoder.0.ffn.fc1")
  String label = "";

  @Label("Operation")
  String operation = "";

  StepEvent(String model) {
    this.model = model;
  }

  void finished(String stepLabel, String operationName) {
    end();
    if (shouldCommit()) {
      label = stepLabel;
      operation = operationName;
      commit();
    }
  }
}
