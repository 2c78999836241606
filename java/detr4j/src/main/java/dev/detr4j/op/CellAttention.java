package dev.detr4j.op;

import dev.detr4j.tensor.Shape;
import java.util.List;

/**
 * Multi-scale deformable attention whose samples are values of single cells (Lv et al. 2024, the
 * discrete sampling of RT-DETRv2): offsets and logits in, weighted sum out.
 *
 * <p>For head {@code m} and query {@code q}: {@code out = sum over l,p of softmax(logits)[l,p] *
 * value[l,m][cell of location[l,p]]}. The location is {@code r.xy + offset / points * r.wh * 0.5}
 * as in {@link MsDeformAttention}; on a map of width W the column of location x is {@code x W +
 * 0.5}, truncated and limited to {@code 0 .. W - 1}, and the row likewise. Both are computed in
 * fp32 in this order, because the last bit may decide the cell; NaN picks cell 0.
 *
 * <p>Inputs, channels last: value {@code [N, S, heads headDim]} with the levels one after another;
 * offsets {@code [N, Q, heads L P 2]} (innermost x, y); logits {@code [N, Q, heads L P]}; reference
 * {@code [N, Q, 4]} (cx, cy, w, h) in 0..1 of the image. Output {@code [N, Q, heads headDim]}.
 *
 * @param levels extents of the feature levels; their cells add up to S
 */
public record CellAttention(int heads, int headDim, List<LevelShape> levels, int points)
    implements OpSpec {
  /** Copies the levels. */
  public CellAttention {
    levels = List.copyOf(levels);
  }

  /** Samples that one head of one query takes. */
  public int samples() {
    return levels.size() * points;
  }

  @Override
  public List<Output> outputs(List<Shape> inputs) {
    Shape value = inputs.get(0);
    int batch = value.get(0);
    int queries = inputs.get(1).get(1);
    OpSpec.require(
        value.equals(Shape.of(batch, LevelShape.tokens(levels), heads * headDim)),
        "value is [N, S, heads * headDim]",
        value);
    OpSpec.require(
        inputs.get(1).equals(Shape.of(batch, queries, heads * samples() * 2)),
        "offsets are [N, Q, heads * L * P * 2]",
        inputs.get(1));
    OpSpec.require(
        inputs.get(2).equals(Shape.of(batch, queries, heads * samples())),
        "logits are [N, Q, heads * L * P]",
        inputs.get(2));
    OpSpec.require(
        inputs.get(3).equals(Shape.of(batch, queries, 4)), "references are [N, Q, 4]", inputs);
    return List.of(Output.f32(batch, queries, heads * headDim));
  }
}
