package dev.detr4j.model.conditional;

import dev.detr4j.model.family.ModelConfig.TransformerConfig;
import dev.detr4j.model.graph.DerivedWeight;
import dev.detr4j.model.graph.Graph;
import dev.detr4j.model.graph.Value;
import dev.detr4j.model.layer.FeedForward;
import dev.detr4j.model.layer.LastMap;
import dev.detr4j.model.layer.Norm;
import dev.detr4j.model.layer.Parameters;
import dev.detr4j.op.Activation;
import dev.detr4j.op.Attention;
import dev.detr4j.op.Linear;
import dev.detr4j.op.WeightedOp;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A decoder layer of Conditional DETR (Meng et al. 2021, section 3.3).
 *
 * <p>In the cross-attention, each head of a query is its content beside its place, and each head of
 * a key likewise: a score is the sum of two products. Content and place come from different inputs;
 * each projection writes to the places of its head and adds zeros to the others, so that sums join
 * them and the attention is an ordinary one with heads twice as wide. The values have zeros there.
 */
final class ConditionalDecoderLayer {
  private static final Set<Integer> CONTENT = Set.of(0);
  private static final Set<Integer> PLACE = Set.of(1);
  private static final Set<Integer> BOTH = Set.of(0, 1);

  private final int dModel;
  private final int heads;
  private final WeightedOp<Linear> selfContent;
  private final WeightedOp<Linear> selfPlace;
  private final WeightedOp<Linear> selfValue;
  private final WeightedOp<Linear> selfOutput;
  private final Norm selfNorm;
  private final WeightedOp<Linear> queryContent;
  private final @Nullable WeightedOp<Linear> queryPosition;
  private final WeightedOp<Linear> querySine;
  private final WeightedOp<Linear> keyContent;
  private final WeightedOp<Linear> keyPlace;
  private final WeightedOp<Linear> value;
  private final WeightedOp<Linear> output;
  private final Norm crossNorm;
  private final FeedForward ffn;
  private final Norm ffnNorm;

  /**
   * Reads the layer below the prefix.
   *
   * @param first whether it is the first, in which content knows of place as well
   */
  ConditionalDecoderLayer(Parameters layer, TransformerConfig transformer, boolean first) {
    dModel = transformer.dModel();
    heads = transformer.decoderHeads();
    Parameters self = layer.under("self_attn");
    selfContent = joined(self, "q_content_proj", "k_content_proj").as(Linear::withResidual);
    selfPlace = joined(self, "q_pos_proj", "k_pos_proj");
    selfValue = square(self, "v_proj");
    selfOutput = square(self, "o_proj").as(Linear::withResidual);
    selfNorm = new Norm(layer, "self_attn_layer_norm", dModel);
    Parameters cross = layer.under("encoder_attn");
    queryContent = spread(cross, "q_content_proj", CONTENT).as(Linear::withResidual);
    queryPosition = first ? spread(cross, "q_pos_proj", CONTENT).as(Linear::withResidual) : null;
    querySine = spread(cross, "q_pos_sine_proj", PLACE);
    keyContent = spread(cross, "k_content_proj", CONTENT).as(Linear::withResidual);
    keyPlace = spread(cross, "k_pos_proj", first ? BOTH : PLACE);
    value = spread(cross, "v_proj", CONTENT);
    WeightedOp<Linear> narrow = square(cross, "o_proj");
    output =
        WeightedOp.linear(
                DerivedWeight.spreadHeadColumns(narrow.weight(), heads, 2),
                narrow.bias(),
                Activation.NONE)
            .as(Linear::withResidual);
    crossNorm = new Norm(layer, "encoder_attn_layer_norm", dModel);
    ffn = new FeedForward(layer, dModel, transformer.decoderFfnDim(), transformer.activation());
    ffnNorm = new Norm(layer, "final_layer_norm", dModel);
  }

  private WeightedOp<Linear> square(Parameters attention, String name) {
    return attention.linear(name, dModel, dModel, Activation.NONE);
  }

  private WeightedOp<Linear> joined(Parameters attention, String query, String key) {
    WeightedOp<Linear> q = square(attention, query);
    WeightedOp<Linear> k = square(attention, key);
    String name = attention.prefix() + query + " and " + key;
    return WeightedOp.linear(
        DerivedWeight.rows(name + ".weight", q.weight(), k.weight()),
        DerivedWeight.rows(name + ".bias", q.bias(), k.bias()),
        Activation.NONE);
  }

  private WeightedOp<Linear> spread(Parameters attention, String name, Set<Integer> blocks) {
    WeightedOp<Linear> narrow = square(attention, name);
    return WeightedOp.linear(
        DerivedWeight.spreadHeadRows(narrow.weight(), heads, 2, blocks),
        DerivedWeight.spreadHeadRows(narrow.bias(), heads, 2, blocks),
        Activation.NONE);
  }

  /**
   * Adds the nodes.
   *
   * @param target {@code [N, Q, dModel]}
   * @param position {@code [N, Q, dModel]}, the query embedding
   * @param place {@code [N, Q, dModel]}, the spatial query
   * @param memory {@code [N, S, dModel]}
   * @param tokens for the positions of the memory and its padding
   */
  Value add(
      Graph.Builder graph,
      String label,
      Value target,
      Value position,
      Value place,
      Value memory,
      LastMap.Tokens tokens) {
    Value attended = selfAttention(graph, label + ".self_attn", target, position);
    Value normed = selfNorm.add(graph, label + ".self_attn_norm", attended);
    Value crossed =
        crossAttention(graph, label + ".encoder_attn", normed, position, place, memory, tokens);
    Value again = crossNorm.add(graph, label + ".encoder_attn_norm", crossed);
    Value expanded = ffn.add(graph, label + ".ffn", again);
    return ffnNorm.add(graph, label + ".ffn_norm", expanded);
  }

  private Value selfAttention(Graph.Builder graph, String label, Value target, Value position) {
    Value places = graph.add(label + ".qk_pos_proj", selfPlace, position);
    Value joint = graph.add(label + ".qk_content_proj", selfContent, target, places);
    Value mixed =
        graph.add(
            label,
            attention(dModel / heads, false),
            joint.columns(label + ".q", 0, dModel),
            joint.columns(label + ".k", dModel, dModel),
            graph.add(label + ".v_proj", selfValue, target));
    return graph.add(label + ".o_proj", selfOutput, mixed, target);
  }

  private Value crossAttention(
      Graph.Builder graph,
      String label,
      Value target,
      Value position,
      Value place,
      Value memory,
      LastMap.Tokens tokens) {
    Value queries = graph.add(label + ".q_pos_sine_proj", querySine, place);
    if (queryPosition != null) {
      queries = graph.add(label + ".q_pos_proj", queryPosition, position, queries);
    }
    queries = graph.add(label + ".q_content_proj", queryContent, target, queries);
    Value places = graph.add(label + ".k_pos_proj", keyPlace, tokens.position());
    Value keys = graph.add(label + ".k_content_proj", keyContent, memory, places);
    Value values = graph.add(label + ".v_proj", value, memory);
    Value mask = tokens.keyMask();
    Attention attention = attention(2 * dModel / heads, mask != null);
    Value mixed =
        mask == null
            ? graph.add(label, attention, queries, keys, values)
            : graph.add(label, attention, queries, keys, values, mask);
    return graph.add(label + ".o_proj", output, mixed, target);
  }

  private Attention attention(int headDim, boolean hasKeyMask) {
    return new Attention(heads, headDim, (float) (1.0 / Math.sqrt(headDim)), hasKeyMask);
  }
}
