package dev.detr4j.op.gradient;

import dev.detr4j.op.MsDeformAttention;
import dev.detr4j.op.OpSpec;
import dev.detr4j.op.OperationCost;
import dev.detr4j.tensor.Shape;
import java.util.ArrayList;
import java.util.List;

/**
 * The gradients of {@link MsDeformAttention} (Zhu et al. 2021). For a sample with the weight P and
 * the location (x, y) in pixels, dO the output's gradient of its head and v00 ... v11 the values of
 * the corners: each corner of the value gets {@code P (its bilinear share) dO}; {@code dP = dO .
 * (bilinear value)} and {@code dlogit = P (dP - sum of dP P over the samples of the head)}; {@code
 * dx = P dO . ((1 - fy) (v01 - v00) + fy (v11 - v10))}, dy likewise, one-sided where x or y is
 * whole. An offset of a point gets (dx, dy) itself, that of a box times {@code (W, H) r.wh 0.5 /
 * points}; the reference gets the sums over heads, levels and points of what its coordinates do to
 * the locations.
 *
 * <p>Inputs: those of the attention, then dO {@code [N, Q, heads headDim]}. Outputs: the gradients
 * of value, offsets and logits, then of the reference if {@code referenceLearns}.
 *
 * @param of an attention whose heads have values of their own
 */
public record MsDeformAttentionGradient(MsDeformAttention of, boolean referenceLearns)
    implements TrainingOp {
  /** Checks the heads. */
  public MsDeformAttentionGradient {
    OpSpec.require(!of.sharedValue(), "every head has values of its own", of);
  }

  @Override
  public List<Output> outputs(List<Shape> inputs) {
    Shape out = of.outputs(inputs).getFirst().shape();
    OpSpec.require(inputs.getLast().equals(out), "the gradient is " + out, inputs.getLast());
    List<Output> outputs = new ArrayList<>();
    for (int i = 0; i < (referenceLearns ? 4 : 3); i++) {
      outputs.add(Output.f32(inputs.get(i)));
    }
    return List.copyOf(outputs);
  }

  @Override
  public OperationCost cost(List<Shape> inputs, long written) {
    Shape offsets = inputs.get(1);
    long samples = (long) offsets.get(0) * offsets.get(1) * of.heads() * of.samples();
    return new OperationCost(
        samples * (20L * of.headDim() + 60), OperationCost.read(inputs) + written);
  }
}
