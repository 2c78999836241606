package dev.detr4j.model.layer;

import dev.detr4j.model.graph.Graph;
import dev.detr4j.model.graph.Value;
import dev.detr4j.op.Activation;
import dev.detr4j.op.Attention;
import dev.detr4j.op.Linear;
import dev.detr4j.op.WeightedOp;
import org.jspecify.annotations.Nullable;

/**
 * Multi-head attention of object queries to the encoder's memory; the output projection adds the
 * residual.
 */
public final class CrossAttention {
  private final int dModel;
  private final int heads;
  private final WeightedOp<Linear> query;
  private final WeightedOp<Linear> key;
  private final WeightedOp<Linear> value;
  private final WeightedOp<Linear> output;

  /** Reads {@code q_proj}, {@code k_proj}, {@code v_proj} and {@code o_proj} below the prefix. */
  public CrossAttention(Parameters parameters, int dModel, int heads) {
    this.dModel = dModel;
    this.heads = heads;
    query = parameters.linear("q_proj", dModel, dModel, Activation.NONE);
    key = parameters.linear("k_proj", dModel, dModel, Activation.NONE);
    value = parameters.linear("v_proj", dModel, dModel, Activation.NONE);
    output = parameters.linear("o_proj", dModel, dModel, Activation.NONE).as(Linear::withResidual);
  }

  /**
   * Adds the nodes.
   *
   * @param x {@code [N, Q, dModel]}, the residual
   * @param positioned {@code x + query position}
   * @param memory {@code [N, S, dModel]}, the values
   * @param positionedMemory {@code memory + position}, the keys
   * @param keyMask U8 {@code [N, S]}, or null when every key is valid
   * @return {@code x + attention}, before its normalisation
   */
  public Value add(
      Graph.Builder graph,
      String label,
      Value x,
      Value positioned,
      Value memory,
      Value positionedMemory,
      @Nullable Value keyMask) {
    Value queries = graph.add(label + ".q_proj", query, positioned);
    Value keys = graph.add(label + ".k_proj", key, positionedMemory);
    Value values = graph.add(label + ".v_proj", value, memory);
    Attention attention = Heads.attention(dModel, heads, keyMask != null);
    Value mixed =
        keyMask == null
            ? graph.add(label, attention, queries, keys, values)
            : graph.add(label, attention, queries, keys, values, keyMask);
    return graph.add(label + ".o_proj", output, mixed, x);
  }
}
