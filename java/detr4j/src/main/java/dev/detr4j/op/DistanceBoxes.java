package dev.detr4j.op;

import dev.detr4j.tensor.Shape;
import java.util.List;

/**
 * Boxes from distributions over the distances of their sides (Peng et al. 2024, D-FINE).
 *
 * <p>Inputs: the logits of the bins {@code [N, Q, 4 bins]}, the bins of one side together, sides
 * left, top, right, bottom; and the start boxes {@code [N, Q, 4]} (cx, cy, w, h). Weights: what
 * each bin is worth {@code [bins]}, and the scale r {@code [1]}. The distance of a side is {@code d
 * = sum softmax(logits) worth}; with {@code r = |scale|} the corners are {@code cx - (r/2 + d0)
 * w/r, cy - (r/2 + d1) h/r, cx + (r/2 + d2) w/r, cy + (r/2 + d3) h/r}. Output {@code [N, Q, 4]}
 * (cx, cy, w, h), not limited. NaN reaches the coordinates of its own box.
 */
public record DistanceBoxes(int bins) implements OpSpec {
  /** Checks the number. */
  public DistanceBoxes {
    OpSpec.require(bins >= 1, "a side has bins", bins);
  }

  @Override
  public List<WeightSpec> weights() {
    return List.of(WeightSpec.of("worth of the bins", bins), WeightSpec.of("scale", 1));
  }

  @Override
  public List<Output> outputs(List<Shape> inputs) {
    Shape logits = inputs.get(0);
    OpSpec.require(
        logits.rank() == 3 && logits.last() == 4 * bins, "logits are [N, Q, 4 bins]", logits);
    Shape boxes = Shape.of(logits.get(0), logits.get(1), 4);
    OpSpec.require(inputs.get(1).equals(boxes), "boxes are " + boxes, inputs.get(1));
    return List.of(Output.f32(boxes));
  }
}
