package dev.detr4j.model.layer;

import dev.detr4j.model.family.ModelConfig.TransformerConfig;
import dev.detr4j.model.graph.Graph;
import dev.detr4j.model.graph.Value;
import dev.detr4j.op.Add;
import java.util.ArrayList;
import java.util.List;

/**
 * The encoder of DETR (Carion et al. 2020): self-attention and a feed-forward network, each
 * followed by a normalisation of the sum with its input.
 */
public final class PostNormEncoder {
  private record Layer(
      SelfAttention attention, Norm attentionNorm, FeedForward ffn, Norm ffnNorm) {}

  private final List<Layer> layers = new ArrayList<>();

  /** Reads {@code layers.*} below the prefix. */
  public PostNormEncoder(Parameters parameters, TransformerConfig transformer) {
    int dModel = transformer.dModel();
    for (int i = 0; i < transformer.encoderLayers(); i++) {
      Parameters layer = parameters.under("layers").under(i);
      layers.add(
          new Layer(
              new SelfAttention(layer.under("self_attn"), dModel, transformer.encoderHeads()),
              new Norm(layer, "self_attn_layer_norm", dModel),
              new FeedForward(layer, dModel, transformer.encoderFfnDim(), transformer.activation()),
              new Norm(layer, "final_layer_norm", dModel)));
    }
  }

  /** What a decoder attends to: the values, and the keys, which are values plus position. */
  public record Memory(Value values, Value keys) {}

  /** Adds the nodes and the tap {@code memory}. */
  public Memory add(Graph.Builder graph, LastMap.Tokens tokens) {
    Value x = tokens.features();
    Value positioned = graph.add("encoder.position", new Add(), x, tokens.position());
    for (int i = 0; i < layers.size(); i++) {
      String label = "encoder." + i;
      Layer layer = layers.get(i);
      Value attended =
          layer.attention().add(graph, label + ".self_attn", x, positioned, tokens.keyMask());
      Value normed = layer.attentionNorm().add(graph, label + ".self_attn_norm", attended);
      Value expanded = layer.ffn().add(graph, label + ".ffn", normed);
      List<Value> next =
          layer.ffnNorm().addPositioned(graph, label + ".ffn_norm", expanded, tokens.position());
      x = next.get(0);
      positioned = next.get(1);
    }
    graph.tap("memory", x);
    return new Memory(x, positioned);
  }
}
