package dev.detr4j.train.engine;

import dev.detr4j.model.family.WeightSource;
import dev.detr4j.model.graph.DerivedWeight;
import dev.detr4j.tensor.Shape;
import dev.detr4j.tensor.Weight;
import java.util.Collection;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Hands a model parameters in place of the tensors of a checkpoint: one for each tensor. */
final class ParameterSource implements WeightSource {
  private final WeightSource checkpoint;
  private final IdentityHashMap<Weight, Parameter> known = new IdentityHashMap<>();
  private final Map<String, Parameter> parameters = new LinkedHashMap<>();

  ParameterSource(WeightSource checkpoint) {
    this.checkpoint = checkpoint;
  }

  @Override
  public Weight get(String canonicalName, Shape expected, String reason) {
    return replaced(canonicalName, checkpoint.get(canonicalName, expected, reason));
  }

  private Weight replaced(String canonicalName, Weight weight) {
    if (weight instanceof DerivedWeight derived) {
      // A block of rows of a joint tensor.
      return derived.from(source -> replaced(canonicalName, source));
    }
    Parameter parameter = known.computeIfAbsent(weight, Parameter::new);
    parameters.put(parameter.name(), parameter);
    parameter.alsoCalled(canonicalName);
    return parameter;
  }

  @Override
  public void finish() {
    checkpoint.finish();
  }

  /** All parameters that were asked for, in that order. */
  Collection<Parameter> parameters() {
    return List.copyOf(parameters.values());
  }
}
