package dev.detr4j.serve.dialect;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a request asks for.
 *
 * @param model the name of the model; null for the first
 * @param images in the order of the answer
 * @param asList whether the request had a list, so that the answer is one
 * @param threshold the score that detections exceed; null for the detector's
 * @param labels the classes to report; empty for all
 * @param id what the client calls the request; null if nothing
 * @param outputs the outputs that the client wants; empty for all
 */
public record DetectJob(
    @Nullable String model,
    List<ImageSource> images,
    boolean asList,
    @Nullable Float threshold,
    List<String> labels,
    @Nullable String id,
    List<String> outputs) {
  /** One image or several, all else at its default. */
  public static DetectJob of(List<ImageSource> images, boolean asList) {
    return new DetectJob(null, images, asList, null, List.of(), null, List.of());
  }

  /** This job for a model, if one is named. */
  public DetectJob forModel(@Nullable String name) {
    return new DetectJob(
        name == null ? model : name, images, asList, threshold, labels, id, outputs);
  }

  /** This job with a threshold and classes, where they are given. */
  public DetectJob with(@Nullable Double score, List<String> names) {
    return new DetectJob(
        model,
        images,
        asList,
        score == null ? threshold : Float.valueOf(score.floatValue()),
        names.isEmpty() ? labels : List.copyOf(names),
        id,
        outputs);
  }

  /** This job with other images, as many as before. */
  public DetectJob withImages(List<ImageSource> others) {
    return new DetectJob(model, others, asList, threshold, labels, id, outputs);
  }

  /** This job with what Open Inference adds. */
  public DetectJob forOutputs(@Nullable String name, List<String> wanted) {
    return new DetectJob(model, images, asList, threshold, labels, name, wanted);
  }
}
