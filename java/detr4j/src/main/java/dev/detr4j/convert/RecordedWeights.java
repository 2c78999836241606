package dev.detr4j.convert;

import dev.detr4j.model.family.WeightSource;
import dev.detr4j.tensor.Shape;
import dev.detr4j.tensor.Weight;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/** Notes what a model builder asks for: the tensors of the model, by canonical name. */
final class RecordedWeights implements WeightSource {
  private final WeightSource source;
  private final Map<String, Weight> asked = new LinkedHashMap<>();

  RecordedWeights(WeightSource source) {
    this.source = source;
  }

  @Override
  public Weight get(String canonicalName, Shape expected, String reason) {
    Weight weight = source.get(canonicalName, expected, reason);
    asked.put(canonicalName, weight);
    return weight;
  }

  @Override
  public void finish() {
    source.finish();
  }

  /** What was asked for, in that order. */
  Map<String, Weight> asked() {
    return Collections.unmodifiableMap(asked);
  }
}
