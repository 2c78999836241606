package dev.detr4j.op;

import dev.detr4j.tensor.Shape;
import java.util.List;

/**
 * Turns what a box head predicts into boxes: {@code sigmoid(delta + start)}, or {@link
 * Reference#RELATIVE} to a box.
 *
 * <p>Inputs: delta {@code [N, Q, columns]}, then the reference unless the form is {@link
 * Reference#NONE}. Output {@code [N, Q, columns]}; of the sigmoid in 0..1. The inverse sigmoid
 * clamps x to [0, 1] and returns {@code log(max(x, epsilon) / max(1 - x, epsilon))}; NaN stays NaN.
 *
 * @param columns 4 for boxes (cx, cy, w, h), 2 for points
 * @param epsilon of the inverse sigmoid: 1e-5 in most projects, 1e-3 in detrex
 */
public record BoxRefinement(Reference reference, int columns, float epsilon) implements OpSpec {
  /** What the delta is added to. */
  public enum Reference {
    /** Nothing: the sigmoid alone. */
    NONE(0),
    /** The inverse sigmoid of a point {@code [N, Q, 2]}, for the first two columns. */
    POINT(2),
    /** The inverse sigmoid of a box {@code [N, Q, 4]}. */
    BOX(4),
    /** Logits {@code [N, Q, 4]} as they are; positive infinity gives 1. */
    LOGITS(4),
    /**
     * A box {@code [N, Q, 4]} that is moved and scaled instead (Girshick et al. 2014), without a
     * sigmoid: {@code (dx w + cx, dy h + cy, e^dw w, e^dh h)}. The result may leave 0..1. NaN in dx
     * or dw reaches its own number; in w or h of the reference, both numbers of its axis.
     */
    RELATIVE(4);

    private final int columns;

    Reference(int columns) {
      this.columns = columns;
    }

    /** Columns of the reference input, 0 when there is none. */
    public int columns() {
      return columns;
    }
  }

  /** Checks that a box that is moved has all its numbers. */
  public BoxRefinement {
    OpSpec.require(reference != Reference.RELATIVE || columns == 4, "a box has 4 columns", columns);
  }

  @Override
  public List<Output> outputs(List<Shape> inputs) {
    Shape delta = inputs.get(0);
    OpSpec.require(
        delta.rank() == 3 && delta.last() == columns, "delta is [N, Q, " + columns + "]", delta);
    if (reference != Reference.NONE) {
      OpSpec.require(
          inputs.get(1).equals(Shape.of(delta.get(0), delta.get(1), reference.columns())),
          "references are [N, Q, " + reference.columns() + "]",
          inputs.get(1));
    }
    return List.of(Output.f32(delta));
  }
}
