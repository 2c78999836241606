package dev.detr4j.model.deformable;

import dev.detr4j.model.family.ModelConfig.TransformerConfig;
import dev.detr4j.model.graph.Graph;
import dev.detr4j.model.graph.Value;
import dev.detr4j.model.layer.DeformableAttention;
import dev.detr4j.model.layer.FeedForward;
import dev.detr4j.model.layer.Norm;
import dev.detr4j.model.layer.Parameters;
import dev.detr4j.op.Add;
import java.util.ArrayList;
import java.util.List;

/** The deformable encoder: every token of every level samples all levels around its own place. */
final class DeformableEncoder {
  private record Layer(
      DeformableAttention attention, Norm attentionNorm, FeedForward ffn, Norm ffnNorm) {}

  private final List<Layer> layers = new ArrayList<>();

  /** Reads {@code layers.*} below the prefix. */
  DeformableEncoder(Parameters parameters, DeformableDetrConfig config) {
    TransformerConfig transformer = config.transformer();
    int dModel = transformer.dModel();
    for (int i = 0; i < transformer.encoderLayers(); i++) {
      Parameters layer = parameters.under("layers").under(i);
      layers.add(
          new Layer(
              new DeformableAttention(
                  layer.under("self_attn"),
                  dModel,
                  transformer.encoderHeads(),
                  config.numFeatureLevels(),
                  config.encoderPoints()),
              new Norm(layer, "self_attn_layer_norm", dModel),
              new FeedForward(layer, dModel, transformer.encoderFfnDim(), transformer.activation()),
              new Norm(layer, "final_layer_norm", dModel)));
    }
  }

  /** Adds the nodes; returns the memory {@code [N, S, dModel]}. */
  Value add(
      Graph.Builder graph,
      Value tokens,
      Value position,
      Value references,
      DeformableAttention.Levels levels) {
    Value x = tokens;
    Value positioned = layers.isEmpty() ? x : graph.add("encoder.position", new Add(), x, position);
    for (int i = 0; i < layers.size(); i++) {
      String label = "encoder." + i;
      Layer layer = layers.get(i);
      Value attended =
          layer.attention().add(graph, label + ".self_attn", x, positioned, x, references, levels);
      Value normed = layer.attentionNorm().add(graph, label + ".self_attn_norm", attended);
      Value expanded = layer.ffn().add(graph, label + ".ffn", normed);
      if (i == layers.size() - 1) {
        x = layer.ffnNorm().add(graph, label + ".ffn_norm", expanded);
      } else {
        List<Value> next =
            layer.ffnNorm().addPositioned(graph, label + ".ffn_norm", expanded, position);
        x = next.get(0);
        positioned = next.get(1);
      }
    }
    return x;
  }
}
