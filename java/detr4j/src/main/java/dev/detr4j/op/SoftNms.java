package dev.detr4j.op;

import dev.detr4j.tensor.Shape;
import java.util.List;

/**
 * Soft non-maximum suppression (Bodla et al. 2017) on one list of boxes, class by class.
 *
 * <p>Repeatedly takes the highest remaining score (the first on ties), then multiplies every
 * remaining score by its decay against the taken box: {@code exp(-iou^2 / sigma)} for {@link
 * Decay#GAUSSIAN}; {@code 1 - iou} where {@code iou > iouThreshold} for {@link Decay#LINEAR}; 0
 * there for {@link Decay#HARD}. A score not strictly greater than {@code scoreThreshold} is
 * dropped; this holds before the first selection too. Classes are kept apart by adding {@code label
 * * (largest coordinate of all boxes + 1)} to all four numbers in fp32. An empty union gives an IoU
 * of NaN: it drops the box under Gaussian decay, and is above no threshold under the others.
 *
 * <p>The Gaussian is birder's, which has it in C++ and in Python. The two agree but for corners:
 * lists without any score above the threshold, from which Python keeps one box, and empty unions,
 * which Python counts as no overlap. There this is as in C++; on ties, where C++ has no fixed
 * order, as in Python.
 *
 * <p>Inputs: boxes {@code [1, M, 4]} (xMin, yMin, xMax, yMax), scores {@code [1, M]}, labels I32
 * {@code [1, M]}. Outputs: decayed scores {@code [1, M]} and indices I32 {@code [1, M]} in order of
 * selection, and the count of kept boxes I32 {@code [1, 1]}; entries past the count are
 * unspecified.
 */
public record SoftNms(Decay decay, float sigma, float iouThreshold, float scoreThreshold)
    implements OpSpec {
  /** What birder takes when its soft suppression is switched on. */
  public static final SoftNms BIRDER = new SoftNms(Decay.GAUSSIAN, 0.5f, 0f, 0.001f);

  /** How a remaining score falls with its overlap. */
  public enum Decay {
    /** {@code exp(-iou^2 / sigma)}. */
    GAUSSIAN,
    /** {@code 1 - iou} above the threshold. */
    LINEAR,
    /** 0 above the threshold. */
    HARD
  }

  @Override
  public List<Output> outputs(List<Shape> inputs) {
    int count = boxCount(inputs);
    return List.of(Output.f32(1, count), Output.i32(1, count), Output.i32(1, 1));
  }

  static int boxCount(List<Shape> inputs) {
    Shape boxes = inputs.get(0);
    OpSpec.require(
        boxes.rank() == 3 && boxes.get(0) == 1 && boxes.last() == 4, "boxes are [1, M, 4]", boxes);
    int count = boxes.get(1);
    OpSpec.require(inputs.get(1).equals(Shape.of(1, count)), "scores are [1, M]", inputs.get(1));
    OpSpec.require(inputs.get(2).equals(Shape.of(1, count)), "labels are [1, M]", inputs.get(2));
    return count;
  }
}
