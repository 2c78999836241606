package dev.detr4j.op;

import dev.detr4j.tensor.Shape;
import java.util.List;

/**
 * The detections of each image of a batch, selected where its network ran: what package {@code
 * postprocess} does on the processors after a call. The reference has it and every backend whose
 * memory is not that of the processors.
 *
 * <p>Inputs: logits {@code [N, Q, C]}; boxes {@code [N, Q, 4]} as centre x, centre y, width,
 * height, relative to the image; extents {@code [N, 1, 2]}, the width and height of each image
 * ahead of its pre-processing, in pixels.
 *
 * <p>Outputs, of {@code M} entries an image: corners {@code [N, M, 4]} as xMin, yMin, xMax, yMax in
 * pixels, computed in fp32 as {@code (cx - 0.5 w) width} and so on; scores {@code [N, M]}; labels
 * I32 {@code [N, M]}; object queries I32 {@code [N, M]}; and I32 {@code [N, 1]}, which is 1 where
 * all logits and boxes of the image are finite, else 0. Scores are computed in double. An entry
 * whose score is NaN, or that the rule drops, is no detection: its score is negative infinity, its
 * label and query are 0, and its corners are those of the first detection, or 0 where there is
 * none, so that it changes no suppression that follows.
 */
public sealed interface SelectionOp extends OpSpec permits SelectBestClasses, SelectRanked {
  /** How many entries an image has, of so many object queries with so many logits each. */
  int entries(int queries, int logits);

  @Override
  default List<Output> outputs(List<Shape> inputs) {
    Shape logits = inputs.get(0);
    OpSpec.require(logits.rank() == 3, "logits are [N, Q, C]", logits);
    int batch = logits.get(0);
    int queries = logits.get(1);
    OpSpec.require(
        inputs.get(1).equals(Shape.of(batch, queries, 4)), "boxes are [N, Q, 4]", inputs.get(1));
    OpSpec.require(
        inputs.get(2).equals(Shape.of(batch, 1, 2)), "extents are [N, 1, 2]", inputs.get(2));
    int entries = entries(queries, logits.last());
    return List.of(
        Output.f32(batch, entries, 4),
        Output.f32(batch, entries),
        Output.i32(batch, entries),
        Output.i32(batch, entries),
        Output.i32(batch, 1));
  }
}
