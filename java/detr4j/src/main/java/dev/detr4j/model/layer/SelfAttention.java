package dev.detr4j.model.layer;

import dev.detr4j.model.graph.DerivedWeight;
import dev.detr4j.model.graph.Graph;
import dev.detr4j.model.graph.Value;
import dev.detr4j.op.Activation;
import dev.detr4j.op.Attention;
import dev.detr4j.op.Linear;
import dev.detr4j.op.WeightedOp;
import org.jspecify.annotations.Nullable;

/**
 * Multi-head self-attention with a position added to queries and keys: one joint projection makes
 * both of {@code x + position}, another the values of {@code x}; the output projection adds the
 * residual {@code x}.
 */
public final class SelfAttention {
  private final int dModel;
  private final int heads;
  private final WeightedOp<Linear> queryKey;
  private final WeightedOp<Linear> value;
  private final WeightedOp<Linear> output;

  /** Reads {@code q_proj}, {@code k_proj}, {@code v_proj} and {@code o_proj} below the prefix. */
  public SelfAttention(Parameters parameters, int dModel, int heads) {
    this.dModel = dModel;
    this.heads = heads;
    WeightedOp<Linear> query = parameters.linear("q_proj", dModel, dModel, Activation.NONE);
    WeightedOp<Linear> key = parameters.linear("k_proj", dModel, dModel, Activation.NONE);
    String name = parameters.prefix() + "qk_proj";
    queryKey =
        WeightedOp.linear(
            DerivedWeight.rows(name + ".weight", query.weight(), key.weight()),
            DerivedWeight.rows(name + ".bias", query.bias(), key.bias()),
            Activation.NONE);
    value = parameters.linear("v_proj", dModel, dModel, Activation.NONE);
    output = parameters.linear("o_proj", dModel, dModel, Activation.NONE).as(Linear::withResidual);
  }

  /**
   * Adds the nodes.
   *
   * @param x {@code [N, S, dModel]}
   * @param positioned {@code x + position}
   * @param keyMask U8 {@code [N, S]}, or null when every key is valid
   * @return {@code x + attention}, before its normalisation
   */
  public Value add(
      Graph.Builder graph, String label, Value x, Value positioned, @Nullable Value keyMask) {
    return add(graph, label, x, x, positioned, keyMask);
  }

  /**
   * Adds the nodes of a layer that normalises first.
   *
   * @param residual {@code [N, S, dModel]}, before the normalisation
   * @param x {@code [N, S, dModel]}, after it
   * @param positioned {@code x + position}
   * @param keyMask U8 {@code [N, S]}, or null when every key is valid
   * @return {@code residual + attention}
   */
  public Value add(
      Graph.Builder graph,
      String label,
      Value residual,
      Value x,
      Value positioned,
      @Nullable Value keyMask) {
    Value joint = graph.add(label + ".qk_proj", queryKey, positioned);
    Value query = joint.columns(label + ".q", 0, dModel);
    Value key = joint.columns(label + ".k", dModel, dModel);
    Value values = graph.add(label + ".v_proj", value, x);
    Attention attention = Heads.attention(dModel, heads, keyMask != null);
    Value mixed =
        keyMask == null
            ? graph.add(label, attention, query, key, values)
            : graph.add(label, attention, query, key, values, keyMask);
    return graph.add(label + ".o_proj", output, mixed, residual);
  }
}
