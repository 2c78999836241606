package dev.detr4j.train.loss;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The losses of a batch, or of some of its images. Immutable.
 *
 * @param total the weighted sum, whose gradient the criterion wrote
 * @param layers in the order in which the criterion got them
 */
public record LossValues(double total, List<LayerLosses> layers) {
  /** Copies the list. */
  public LossValues {
    layers = List.copyOf(layers);
  }

  /** The losses of two parts of one batch, computed with the same counts, together. */
  public LossValues plus(LossValues other) {
    if (layers.size() != other.layers.size()) {
      throw new IllegalArgumentException(
          "%d and %d layers".formatted(layers.size(), other.layers.size()));
    }
    List<LayerLosses> sums = new ArrayList<>(layers.size());
    for (int i = 0; i < layers.size(); i++) {
      sums.add(layers.get(i).plus(other.layers.get(i)));
    }
    return new LossValues(total + other.total, sums);
  }

  /** Values by the originals' names, such as {@code loss_ce_0}. */
  public Map<String, Double> named() {
    Map<String, Double> named = new LinkedHashMap<>();
    for (LayerLosses layer : layers) {
      String suffix = layer.stage().suffix();
      named.put("loss_ce" + suffix, layer.classes());
      named.put("loss_bbox" + suffix, layer.boxes());
      named.put("loss_giou" + suffix, layer.giou());
      if (!Double.isNaN(layer.cardinalityError())) {
        named.put("cardinality_error" + suffix, layer.cardinalityError());
      }
    }
    return named;
  }
}
