package dev.detr4j.model.layer;

import dev.detr4j.model.graph.DerivedWeight;
import dev.detr4j.model.graph.Graph;
import dev.detr4j.model.graph.Value;
import dev.detr4j.op.Activation;
import dev.detr4j.op.CellAttention;
import dev.detr4j.op.Convolution;
import dev.detr4j.op.KernelWindow;
import dev.detr4j.op.LevelShape;
import dev.detr4j.op.Linear;
import dev.detr4j.op.MsDeformAttention;
import dev.detr4j.op.RowMask;
import dev.detr4j.op.WeightedOp;
import dev.detr4j.tensor.Shape;
import dev.detr4j.tensor.Weight;
import java.util.List;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Multi-scale deformable attention with its projections: one joint projection makes sampling
 * offsets and attention logits, another the values, whose padded rows are zero; the output
 * projection adds the residual.
 */
public final class DeformableAttention {
  private final int dModel;
  private final int heads;
  private final int points;
  private final boolean discrete;
  private final int samples;
  private final WeightedOp<Linear> sampling;
  private final WeightedOp<Linear> value;
  private final WeightedOp<Linear> maskedValue;
  private final WeightedOp<Convolution> sampledValue;
  private final WeightedOp<Linear> output;

  /** Reads the projections below the prefix. */
  public DeformableAttention(Parameters parameters, int dModel, int heads, int levels, int points) {
    this(parameters, dModel, heads, levels, points, false, offset -> offset);
  }

  /**
   * As above, with offsets that are scaled.
   *
   * @param discrete whether a sample is the value of one cell, see {@link
   *     dev.detr4j.op.CellAttention}
   * @param scaled from a weight or bias of the offsets to that of the scaled ones
   */
  public DeformableAttention(
      Parameters parameters,
      int dModel,
      int heads,
      int levels,
      int points,
      boolean discrete,
      UnaryOperator<Weight> scaled) {
    this.dModel = dModel;
    this.discrete = discrete;
    this.heads = heads;
    this.points = points;
    samples = heads * levels * points;
    WeightedOp<Linear> offsets =
        parameters.linear("sampling_offsets", dModel, 2 * samples, Activation.NONE);
    WeightedOp<Linear> logits =
        parameters.linear("attention_weights", dModel, samples, Activation.NONE);
    String name = parameters.prefix() + "sampling";
    sampling =
        WeightedOp.linear(
                DerivedWeight.rows(
                    name + ".weight", scaled.apply(offsets.weight()), logits.weight()),
                DerivedWeight.rows(name + ".bias", scaled.apply(offsets.bias()), logits.bias()),
                Activation.NONE)
            .as(Linear::withExactProducts);
    value = parameters.linear("value_proj", dModel, dModel, Activation.NONE);
    maskedValue = value.as(op -> op.withRowMask(RowMask.ZERO_OUTPUT));
    sampledValue =
        WeightedOp.of(
            Convolution.of(heads * (dModel + 1), dModel, KernelWindow.PIXEL).withGroups(heads),
            DerivedWeight.biasAsColumn(value.weight(), value.bias()));
    output =
        parameters.linear("output_proj", dModel, dModel, Activation.NONE).as(Linear::withResidual);
  }

  /** What every deformable attention of one input shares. */
  public record Levels(List<LevelShape> shapes, Value validRatios, @Nullable Value validTokens) {}

  /**
   * Adds the nodes.
   *
   * @param x {@code [N, Q, dModel]}, the residual
   * @param positioned {@code x + query position}
   * @param source {@code [N, S, dModel]}, what is sampled
   * @param reference {@code [N, Q, 2 | 4]}
   * @return {@code x + attention}, before its normalisation
   */
  public Value add(
      Graph.Builder graph,
      String label,
      Value x,
      Value positioned,
      Value source,
      Value reference,
      Levels levels) {
    Value joint = graph.add(label + ".sampling", sampling, positioned);
    Value offsets = joint.columns(label + ".offsets", 0, 2 * samples);
    Value logits = joint.columns(label + ".logits", 2 * samples, samples);
    Value mixed =
        !graph.isTraining() && samplesFirst(positioned.shape(), source.shape(), levels)
            ? sampleThenProject(graph, label, source, offsets, logits, reference, levels)
            : projectThenSample(graph, label, source, offsets, logits, reference, levels);
    return graph.add(label + ".output_proj", output, mixed, x);
  }

  private Value projectThenSample(
      Graph.Builder graph,
      String label,
      Value source,
      Value offsets,
      Value logits,
      Value reference,
      Levels levels) {
    Value mask = levels.validTokens();
    Value values =
        mask == null
            ? graph.add(label + ".value_proj", value, source)
            : graph.add(label + ".value_proj", maskedValue, source, mask);
    if (discrete) {
      CellAttention cells = new CellAttention(heads, dModel / heads, levels.shapes(), points);
      return graph.add(label, cells, values, offsets, logits, reference);
    }
    MsDeformAttention op =
        new MsDeformAttention(
            heads, dModel / heads, levels.shapes(), points, reference.shape().last());
    return graph.add(label, op, values, offsets, logits, reference, levels.validRatios());
  }

  /**
   * The same numbers up to rounding: each head samples all channels of the source, and its rows of
   * the value projection follow, as a convolution with one group a head. The bias is the last
   * column of the weights, because it must be counted as often as there are corners on a map.
   */
  private Value sampleThenProject(
      Graph.Builder graph,
      String label,
      Value source,
      Value offsets,
      Value logits,
      Value reference,
      Levels levels) {
    MsDeformAttention op =
        new MsDeformAttention(
            heads, dModel, levels.shapes(), points, reference.shape().last(), true);
    Value sampled = graph.add(label, op, source, offsets, logits, reference, levels.validRatios());
    int batch = sampled.shape().get(0);
    int queries = sampled.shape().get(1);
    return graph
        .add(
            label + ".value_proj",
            sampledValue,
            sampled.reshaped(Shape.of(batch, queries, 1, sampled.shape().last())))
        .reshaped(Shape.of(batch, queries, dModel));
  }

  /**
   * Whether it is less work to project what was sampled than to project all that could be: for the
   * few queries of a decoder. A multiply-add of sampling takes about four times as long as one of a
   * matrix product. Padded tokens would have to be left out one by one; there the projection goes
   * first.
   */
  private boolean samplesFirst(Shape queries, Shape source, Levels levels) {
    if (levels.validTokens() != null || discrete) {
      return false;
    }
    long sampling = 4L * queries.get(1) * samples * 4 * dModel;
    return sampling < (long) source.get(1) * dModel * dModel;
  }
}
