package dev.detr4j.op;

import dev.detr4j.tensor.Shape;
import java.util.List;

/**
 * How sure distributions are (Li et al. 2021): for each of several groups of logits, the {@code k}
 * largest probabilities in falling order and their mean.
 *
 * <p>Input {@code [N, Q, groups bins]}, output {@code [N, Q, groups (k + 1)]}. Where a group has
 * NaN or positive infinity, its numbers are NaN.
 */
public record TopProbabilities(int groups, int bins, int k) implements OpSpec {
  /** Checks the numbers. */
  public TopProbabilities {
    OpSpec.require(groups >= 1 && k >= 1 && bins >= k, "1 <= k <= bins", k);
  }

  @Override
  public List<Output> outputs(List<Shape> inputs) {
    Shape logits = inputs.get(0);
    OpSpec.require(
        logits.rank() == 3 && logits.last() == groups * bins,
        "logits are [N, Q, groups bins]",
        logits);
    return List.of(Output.f32(logits.get(0), logits.get(1), groups * (k + 1)));
  }
}
