package dev.detr4j.op;

import dev.detr4j.tensor.Shape;
import java.util.List;

/**
 * An operation that only training needs. The records are in {@code op.gradient}, which this package
 * does not know.
 */
public non-sealed interface GradientOp extends OpSpec {
  /**
   * What it must do at least, counted as {@link OperationCost} says.
   *
   * @param written bytes of the outputs
   */
  OperationCost cost(List<Shape> inputs, long written);
}
