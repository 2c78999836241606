package dev.detr4j.event;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import org.jspecify.annotations.Nullable;

/** A backend was chosen and opened; {@link Recorder#choosing} begins it. */
@Name("dev.detr4j.BackendChosen")
@Label("Backend Chosen")
@Category("detr4j")
@Description("A backend was chosen and opened for a detector")
@StackTrace(false)
public final class BackendChosenEvent extends Event {
  @Label("Model")
  @Description("Empty when the backend was opened for none")
  @Nullable String model;

  @Label("Backend")
  @Nullable String backend;

  @Label("Instruction Set")
  @Nullable String instructionSet;

  @Label("Device")
  @Nullable String device;

  @Label("Chosen By")
  @Description("The setting that requested it, or default")
  @Nullable String chosenBy;

  @Label("Not Chosen")
  @Description("Each other backend, and why not")
  @Nullable String notChosen;

  BackendChosenEvent() {}

  /** The backend is open. */
  public void chosen(
      String name, String kind, String isa, String where, String source, String others) {
    if (shouldCommit()) {
      model = name;
      backend = kind;
      instructionSet = isa;
      device = where;
      chosenBy = source;
      notChosen = others;
      commit();
    }
  }
}
