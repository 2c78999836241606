package dev.detr4j.op;

import dev.detr4j.tensor.Shape;
import java.util.List;

/**
 * Multi-scale deformable attention (Zhu et al. 2021, eq. 3), fused: offsets and logits in, weighted
 * sum out.
 *
 * <p>For head {@code m} and query {@code q}: {@code out = sum over l,p of softmax(logits)[l,p] *
 * bilinear(value[l,m], location[l,p])}. A location outside a map contributes zero from the missing
 * corners; the pixel coordinate of location x on a map of width W is {@code x W - 0.5}. Softmax
 * runs over levels x points of one head.
 *
 * <p>Inputs, channels last: value {@code [N, S, heads headDim]} with the levels one after another;
 * offsets {@code [N, Q, heads L P 2]} (innermost x, y); logits {@code [N, Q, heads L P]}; reference
 * {@code [N, Q, 2 | 4]}; valid ratios {@code [N, L, 2]} (x, y). With {@code r = reference *
 * (ratio_x, ratio_y[, ratio_x, ratio_y])} of the level, the location is {@code r.xy + offset / (W,
 * H)} for a point, and {@code r.xy + offset / points * r.wh * 0.5} for a box. Output {@code [N, Q,
 * heads headDim]}. NaN in any input reaches only the outputs of its own query and head.
 *
 * <p>With {@code sharedValue} all heads sample the same channels: value is {@code [N, S, headDim]},
 * and each head's output is followed by the sum of the weights of all corners that lie on a map:
 * {@code [N, Q, heads (headDim + 1)]}. A projection of the value can then follow the sampling, with
 * the bias times that sum, because both are linear: {@code sum of weight (W v + b) = W (sum of
 * weight v) + b (sum of weight)}.
 *
 * @param levels extents of the feature levels; their cells add up to S
 * @param referenceColumns 2 for points (cx, cy), 4 for boxes (cx, cy, w, h), in 0..1 of the
 *     unpadded image
 */
public record MsDeformAttention(
    int heads,
    int headDim,
    List<LevelShape> levels,
    int points,
    int referenceColumns,
    boolean sharedValue)
    implements OpSpec {
  /** Copies the levels. */
  public MsDeformAttention {
    levels = List.copyOf(levels);
    OpSpec.require(
        referenceColumns == 2 || referenceColumns == 4,
        "references have 2 or 4 columns",
        referenceColumns);
  }

  /** Every head samples channels of its own. */
  public MsDeformAttention(
      int heads, int headDim, List<LevelShape> levels, int points, int referenceColumns) {
    this(heads, headDim, levels, points, referenceColumns, false);
  }

  /** Columns from one head's first channel in the value to the next head's. */
  public int valueHeadStride() {
    return sharedValue ? 0 : headDim;
  }

  /** Columns that each head has in the output. */
  public int outHeadStride() {
    return sharedValue ? headDim + 1 : headDim;
  }

  /** Samples that one head of one query takes. */
  public int samples() {
    return levels.size() * points;
  }

  @Override
  public List<Output> outputs(List<Shape> inputs) {
    Shape value = inputs.get(0);
    Shape offsets = inputs.get(1);
    int batch = value.get(0);
    int queries = offsets.get(1);
    OpSpec.require(
        value.equals(
            Shape.of(batch, LevelShape.tokens(levels), sharedValue ? headDim : heads * headDim)),
        "value is [N, S, heads * headDim], without heads where they share it",
        value);
    OpSpec.require(
        offsets.equals(Shape.of(batch, queries, heads * samples() * 2)),
        "offsets are [N, Q, heads * L * P * 2]",
        offsets);
    OpSpec.require(
        inputs.get(2).equals(Shape.of(batch, queries, heads * samples())),
        "logits are [N, Q, heads * L * P]",
        inputs.get(2));
    OpSpec.require(
        inputs.get(3).equals(Shape.of(batch, queries, referenceColumns)),
        "references are [N, Q, 2 | 4]",
        inputs.get(3));
    OpSpec.require(
        inputs.get(4).equals(Shape.of(batch, levels.size(), 2)),
        "valid ratios are [N, L, 2]",
        inputs.get(4));
    return List.of(Output.f32(batch, queries, heads * outHeadStride()));
  }
}
