package dev.detr4j.event;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** One call of a session that came back, from pixels to detections; see {@link Inferences}. */
@Name("dev.detr4j.Inference")
@Label("Inference")
@Category("detr4j")
@Description("A call of a session, from pixels to detections, planning included where it was due")
@StackTrace(false)
final class InferenceEvent extends Event {
  @Label("Model")
  final String model;

  @Label("Architecture")
  final String architecture;

  @Label("Backend")
  final String backend;

  @Label("Images")
  int images;

  @Label("Image Width")
  @Description("Pixels of the first image")
  int imageWidth;

  @Label("Image Height")
  @Description("Pixels of the first image")
  int imageHeight;

  @Label("Input Width")
  @Description("Pixels that the network saw, padding included")
  int inputWidth;

  @Label("Input Height")
  @Description("Pixels that the network saw, padding included")
  int inputHeight;

  @Label("Detections")
  @Description("Above the threshold, of all images")
  int detections;

  InferenceEvent(String model, String architecture, String backend) {
    this.model = model;
    this.architecture = architecture;
    this.backend = backend;
  }

  void finished(
      int imageCount, int width, int height, int networkWidth, int networkHeight, int found) {
    end();
    if (shouldCommit()) {
      images = imageCount;
      imageWidth = width;
      imageHeight = height;
      inputWidth = networkWidth;
      inputHeight = networkHeight;
      detections = found;
      commit();
    }
  }
}
