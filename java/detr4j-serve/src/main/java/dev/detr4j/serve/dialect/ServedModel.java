package dev.detr4j.serve.dialect;

import dev.detr4j.Detector;

/**
 * A model under the name that requests use.
 *
 * @param name as the operator chose it
 * @param detector open for as long as the endpoint is
 */
public record ServedModel(String name, Detector detector) {
  /** The only version of a model; Open Inference and djl-serving paths may name it. */
  public static final String VERSION = "1";
}
