package dev.detr4j.event;

import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import org.jspecify.annotations.Nullable;

/** A network was planned for one input size; {@link Recorder#planning} begins it. */
@Name("dev.detr4j.PlanBuilt")
@Label("Plan Built")
@Category("detr4j")
@Description(
    "A network was planned for an input size that its session did not know; the first plan of a detector packs its weights too")
@StackTrace(false)
public final class PlanBuiltEvent extends Event {
  @Label("Model")
  @Nullable String model;

  @Label("Images")
  int images;

  @Label("Input Width")
  @Description("Pixels that the network sees, padding included")
  int inputWidth;

  @Label("Input Height")
  @Description("Pixels that the network sees, padding included")
  int inputHeight;

  @Label("Steps")
  @Description("Of each call; what does not depend on the image is computed now")
  int steps;

  @Label("Memory")
  @Description(
      "What the size needs beside the weights: feature maps, for which a session has one memory, and constants, which sessions share")
  @DataAmount
  long memory;

  PlanBuiltEvent() {}

  /** The plan is ready. */
  public void built(String name, int imageCount, int width, int height, int stepCount, long bytes) {
    if (shouldCommit()) {
      model = name;
      images = imageCount;
      inputWidth = width;
      inputHeight = height;
      steps = stepCount;
      memory = bytes;
      commit();
    }
  }
}
