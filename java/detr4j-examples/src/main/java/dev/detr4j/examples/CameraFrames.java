package dev.detr4j.examples;

import dev.detr4j.Detections;
import dev.detr4j.Detector;
import dev.detr4j.DetectorSession;
import dev.detr4j.image.ImageView;
import dev.detr4j.image.PixelFormat;
import java.lang.foreign.MemorySegment;
import java.util.function.BooleanSupplier;

/** Detects in the frames of a camera without allocating anything for a frame. */
public final class CameraFrames {
  private CameraFrames() {}

  // docs/embedding.md shows the body of this method; ReadmeTest compares them.
  static int count(
      Detector detector, MemorySegment frame, int width, int height, BooleanSupplier nextFrame) {
    int objects = 0;
    try (DetectorSession session = detector.newSession()) {
      session.warmUp(width, height);
      ImageView image = ImageView.of(PixelFormat.BGR, frame, width, height);
      Detections found = session.newDetections();
      while (nextFrame.getAsBoolean()) { // the camera writes into frame
        session.detect(image, found);
        objects += found.size();
      }
    }
    return objects;
  }
}
