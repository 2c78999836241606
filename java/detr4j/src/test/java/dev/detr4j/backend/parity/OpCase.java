package dev.detr4j.backend.parity;

import dev.detr4j.op.OpSpec;
import dev.detr4j.op.WeightedOp;
import dev.detr4j.tensor.Weight;
import java.util.List;
import java.util.Map;

/**
 * One operation with its inputs and how exact its results must be.
 *
 * @param name unique; with the seed it reproduces the case
 * @param aliases outputs that are written over an input, as output index to input index
 * @param unspecified which result elements the contract leaves open
 */
record OpCase(
    String name,
    long seed,
    OpSpec op,
    List<Weight> weights,
    List<CaseTensor> inputs,
    Map<Integer, Integer> aliases,
    Tolerance tolerance,
    Unspecified unspecified) {

  /** Result elements that are not compared. */
  interface Unspecified {
    Unspecified NOTHING = (output, element, expected) -> false;

    boolean test(int output, int element, List<double[]> expected);
  }

  /** The same with other operands. */
  OpCase with(WeightedOp<?> other, List<CaseTensor> otherInputs) {
    return new OpCase(
        name, seed, other.op(), other.weights(), otherInputs, aliases, tolerance, unspecified);
  }

  /** The same with another tolerance. */
  OpCase with(Tolerance other) {
    return new OpCase(name, seed, op, weights, inputs, aliases, other, unspecified);
  }

  @Override
  public String toString() {
    return name + " (seed " + Long.toHexString(seed) + ")";
  }
}
