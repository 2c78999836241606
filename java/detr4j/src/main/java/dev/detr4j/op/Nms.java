package dev.detr4j.op;

import dev.detr4j.tensor.Shape;
import java.util.List;

/**
 * Greedy non-maximum suppression on one list of boxes, class by class (as torchvision's
 * batched_nms).
 *
 * <p>In falling order of score (NaN above all numbers, the first on ties), a box is kept unless its
 * IoU with a kept box of its class is strictly greater than {@code iouThreshold}. Classes are kept
 * apart by adding {@code label * (largest coordinate of all boxes + 1)} to all four numbers in
 * fp32. An IoU of NaN suppresses nothing.
 *
 * <p>Inputs: boxes {@code [1, M, 4]} (xMin, yMin, xMax, yMax), scores {@code [1, M]}, labels I32
 * {@code [1, M]}. Outputs: indices I32 {@code [1, M]} in order of selection and the count of kept
 * boxes I32 {@code [1, 1]}; entries past the count are unspecified.
 */
public record Nms(float iouThreshold) implements OpSpec {
  @Override
  public List<Output> outputs(List<Shape> inputs) {
    return List.of(Output.i32(1, SoftNms.boxCount(inputs)), Output.i32(1, 1));
  }
}
