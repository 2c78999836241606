package dev.detr4j.op;

import dev.detr4j.tensor.Shape;
import java.util.List;

/**
 * The sine code of proposal boxes (Zhu et al. 2021, two-stage).
 *
 * <p>Input boxes {@code [N, Q, 4]} (cx, cy, w, h in 0..1), output {@code [N, Q, 4 features]}: for
 * each coordinate in order, {@code c = 2 pi v}, feature {@code i} the sine (even i) or cosine (odd
 * i) of {@code c / 10000^(2 floor(i / 2) / features)}.
 */
public record ProposalEmbedding(int features) implements OpSpec {
  @Override
  public List<Output> outputs(List<Shape> inputs) {
    Shape boxes = inputs.get(0);
    OpSpec.require(boxes.rank() == 3 && boxes.last() == 4, "boxes are [N, Q, 4]", boxes);
    return List.of(Output.f32(boxes.get(0), boxes.get(1), 4 * features));
  }
}
