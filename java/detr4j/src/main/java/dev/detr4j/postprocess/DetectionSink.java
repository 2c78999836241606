package dev.detr4j.postprocess;

/** Takes the detections of one image, best first or in query order as the model family has it. */
@FunctionalInterface
public interface DetectionSink {
  /**
   * Takes one detection. Coordinates are pixels of the original image, the origin at its top left
   * corner; whether they are clipped to the image is the post-processing's.
   *
   * @param query the object query that made it
   * @param label index of the class logit, or more where the project counts its labels from 1
   * @param score 0..1
   */
  void accept(int query, int label, float score, float xMin, float yMin, float xMax, float yMax);
}
