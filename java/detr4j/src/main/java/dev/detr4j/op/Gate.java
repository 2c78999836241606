package dev.detr4j.op;

import dev.detr4j.tensor.Shape;
import java.util.List;

/**
 * The gate of D-FINE's decoder (Peng et al. 2024): {@code out = sigmoid(g1) a + sigmoid(g2) b}.
 *
 * <p>Inputs: the logits {@code [N, Q, 2 C]}, g1 before g2, and the values {@code [N, Q, 2 C]}, a
 * before b. Output {@code [N, Q, C]}.
 */
public record Gate() implements OpSpec {
  @Override
  public List<Output> outputs(List<Shape> inputs) {
    Shape logits = inputs.get(0);
    OpSpec.require(
        logits.rank() == 3 && logits.last() % 2 == 0, "gate logits are [N, Q, 2 C]", logits);
    OpSpec.require(
        inputs.get(1).equals(logits), "values have the logits' shape " + logits, inputs.get(1));
    return List.of(Output.f32(logits.get(0), logits.get(1), logits.last() / 2));
  }
}
