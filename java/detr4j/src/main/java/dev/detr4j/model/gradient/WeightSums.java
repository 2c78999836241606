package dev.detr4j.model.gradient;

import dev.detr4j.tensor.Shape;
import dev.detr4j.tensor.TensorView;
import dev.detr4j.tensor.Weight;

/** Where the gradients by the weights of a graph add up, over the images of a batch. */
public interface WeightSums {
  /** Whether any number of the weight is to be learned. */
  boolean learns(Weight weight);

  /**
   * The place of the sum of the gradients by a weight that learns, zero before the first image. The
   * weight is one as a graph has it, so it may be derived.
   *
   * @param as the shape to give the view, of as many elements as the weight
   */
  TensorView sum(Weight weight, Shape as);
}
