package dev.detr4j.model.deformable;

import dev.detr4j.model.DerivedWeight;
import dev.detr4j.model.Graph;
import dev.detr4j.model.Value;
import dev.detr4j.model.layer.Biases;
import dev.detr4j.model.layer.Parameters;
import dev.detr4j.op.Activation;
import dev.detr4j.op.LevelShape;
import dev.detr4j.op.Linear;
import dev.detr4j.op.MsDeformAttention;
import dev.detr4j.op.RowMask;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Multi-scale deformable attention with its projections: one joint projection makes sampling
 * offsets and attention logits, another the values, whose padded rows are zero; the output
 * projection adds the residual.
 */
final class DeformableAttention {
  private final int dModel;
  private final int heads;
  private final int points;
  private final int samples;
  private final Linear sampling;
  private final Linear value;
  private final Linear output;

  /** Reads the projections below the prefix. */
  DeformableAttention(Parameters parameters, int dModel, int heads, int levels, int points) {
    this.dModel = dModel;
    this.heads = heads;
    this.points = points;
    samples = heads * levels * points;
    Linear offsets = parameters.linear("sampling_offsets", dModel, 2 * samples, Activation.NONE);
    Linear logits = parameters.linear("attention_weights", dModel, samples, Activation.NONE);
    String name = parameters.prefix() + "sampling";
    sampling =
        Linear.of(
            DerivedWeight.rows(name + ".weight", offsets.weight(), logits.weight()),
            DerivedWeight.rows(name + ".bias", Biases.of(offsets), Biases.of(logits)),
            Activation.NONE);
    value = parameters.linear("value_proj", dModel, dModel, Activation.NONE);
    output = parameters.linear("output_proj", dModel, dModel, Activation.NONE).withResidual();
  }

  /** What every deformable attention of one input shares. */
  record Levels(List<LevelShape> shapes, Value validRatios, @Nullable Value validTokens) {}

  /**
   * Adds the nodes.
   *
   * @param x {@code [N, Q, dModel]}, the residual
   * @param positioned {@code x + query position}
   * @param source {@code [N, S, dModel]}, what is sampled
   * @param reference {@code [N, Q, 2 | 4]}
   * @return {@code x + attention}, before its normalisation
   */
  Value add(
      Graph.Builder graph,
      String label,
      Value x,
      Value positioned,
      Value source,
      Value reference,
      Levels levels) {
    Value mask = levels.validTokens();
    Value values =
        mask == null
            ? graph.add(label + ".value_proj", value, source)
            : graph.add(
                label + ".value_proj", value.withRowMask(RowMask.ZERO_OUTPUT), source, mask);
    Value joint = graph.add(label + ".sampling", sampling, positioned);
    MsDeformAttention op =
        new MsDeformAttention(
            heads, dModel / heads, levels.shapes(), points, reference.shape().last());
    Value mixed =
        graph.add(
            label,
            op,
            values,
            joint.columns(label + ".offsets", 0, 2 * samples),
            joint.columns(label + ".logits", 2 * samples, samples),
            reference,
            levels.validRatios());
    return graph.add(label + ".output_proj", output, mixed, x);
  }
}
