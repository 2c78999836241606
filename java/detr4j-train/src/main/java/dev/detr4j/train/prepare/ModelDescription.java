package dev.detr4j.train.prepare;

import dev.detr4j.image.Orientation;
import dev.detr4j.image.Preprocessing;
import java.util.List;

/**
 * What training has to know of the starting model.
 *
 * @param name for people
 * @param digest of its weights
 * @param labels the classes of its heads, the column for no object not counted
 * @param queries how many objects it finds at most
 * @param decoderLayers how many there are
 * @param twoStage whether its encoder proposes the queries
 * @param softmax whether its classes share a softmax with a column for no object, as in DETR
 * @param preprocessing of images when it is used
 * @param orientation of images when it is used
 * @param parameters the number of its weights
 */
public record ModelDescription(
    String name,
    String digest,
    List<String> labels,
    int queries,
    int decoderLayers,
    boolean twoStage,
    boolean softmax,
    Preprocessing preprocessing,
    Orientation orientation,
    long parameters) {
  /** Copies the list. */
  public ModelDescription {
    labels = List.copyOf(labels);
  }

  /** The number of the class head that chooses proposals, or -1. */
  public int proposalsHead() {
    return twoStage ? decoderLayers : -1;
  }
}
