package dev.detr4j.model.rtdetr;

import dev.detr4j.model.family.ModelConfig.TransformerConfig;
import dev.detr4j.model.graph.DerivedWeight;
import dev.detr4j.model.graph.Graph;
import dev.detr4j.model.graph.Value;
import dev.detr4j.model.layer.BoxHead;
import dev.detr4j.model.layer.DeformableAttention;
import dev.detr4j.model.layer.FeedForward;
import dev.detr4j.model.layer.Norm;
import dev.detr4j.model.layer.Parameters;
import dev.detr4j.model.layer.ProposalSelection;
import dev.detr4j.model.layer.SelfAttention;
import dev.detr4j.op.Activation;
import dev.detr4j.op.Add;
import dev.detr4j.op.BoxRefinement;
import dev.detr4j.op.Linear;
import dev.detr4j.op.WeightedOp;
import dev.detr4j.tensor.Weight;
import java.util.ArrayList;
import java.util.List;

/**
 * RT-DETR's decoder: as Deformable DETR's with box refinement, but the position of a query follows
 * from its box, anew in each layer.
 */
final class RtDetrDecoder {
  private static final float EPSILON = 1e-5f;

  private record Layer(
      SelfAttention selfAttention,
      Norm selfNorm,
      DeformableAttention crossAttention,
      Norm crossNorm,
      FeedForward ffn,
      Norm ffnNorm,
      BoxHead boxHead) {}

  /** What the last layer delivers. */
  record Decoded(Value hidden, Value boxes) {}

  private final int layersRead;
  private final List<Layer> layers = new ArrayList<>();
  private final WeightedOp<Linear> positionHidden;
  private final WeightedOp<Linear> position;

  /** Reads the decoder below the prefix; also of layers that do not count. */
  RtDetrDecoder(Parameters parameters, RtDetrConfig config) {
    TransformerConfig transformer = config.transformer();
    int dModel = transformer.dModel();
    float epsilon = config.epsilons().layerNorm();
    layersRead = transformer.decoderLayers();
    for (int i = 0; i < config.storedDecoderLayers(); i++) {
      Parameters layer = parameters.under("layers").under(i);
      layers.add(
          new Layer(
              new SelfAttention(layer.under("self_attn"), dModel, transformer.decoderHeads()),
              new Norm(layer, "self_attn_layer_norm", dModel, epsilon),
              crossAttention(layer.under("encoder_attn"), config),
              new Norm(layer, "encoder_attn_layer_norm", dModel, epsilon),
              new FeedForward(layer, dModel, transformer.decoderFfnDim(), transformer.activation()),
              new Norm(layer, "final_layer_norm", dModel, epsilon),
              new BoxHead(parameters.under("bbox_embed").under(i), dModel)));
    }
    positionHidden =
        parameters
            .linear("query_pos_head.layers.0", 4, 2 * dModel, Activation.RELU)
            .as(Linear::withExactProducts);
    position =
        parameters
            .linear("query_pos_head.layers.1", 2 * dModel, dModel, Activation.NONE)
            .as(Linear::withExactProducts);
  }

  /**
   * RT-DETRv2 stores a scale for each sample and has one for all; the attention multiplies offsets
   * by {@code 0.5 / points}, so the weights take what is left.
   */
  private static DeformableAttention crossAttention(Parameters attention, RtDetrConfig config) {
    int dModel = config.transformer().dModel();
    int heads = config.transformer().decoderHeads();
    int levels = config.numFeatureLevels();
    int points = config.points();
    if (!config.sampling().scaled()) {
      return new DeformableAttention(attention, dModel, heads, levels, points);
    }
    Weight scales = attention.tensor("n_points_scale", levels * points);
    double factor = config.sampling().offsetScale() * points / 0.5;
    return new DeformableAttention(
        attention,
        dModel,
        heads,
        levels,
        points,
        config.sampling().discrete(),
        offsets -> DerivedWeight.scaledSamples(offsets, scales, factor));
  }

  /**
   * Adds the nodes.
   *
   * @param memory {@code [N, S, dModel]}
   */
  Decoded add(
      Graph.Builder graph,
      ProposalSelection.Chosen queries,
      Value memory,
      DeformableAttention.Levels levels) {
    Value target = queries.target();
    Value reference = queries.reference();
    for (int i = 0; i < layersRead; i++) {
      String label = "decoder." + i;
      Layer layer = layers.get(i);
      Value place =
          graph.add(
              label + ".query_pos.1",
              position,
              graph.add(label + ".query_pos.0", positionHidden, reference));
      Value positioned = graph.add(label + ".position", new Add(), target, place);
      Value attended =
          layer.selfAttention().add(graph, label + ".self_attn", target, positioned, null);
      List<Value> normed =
          layer.selfNorm().addPositioned(graph, label + ".self_attn_norm", attended, place);
      Value crossed =
          layer
              .crossAttention()
              .add(
                  graph,
                  label + ".encoder_attn",
                  normed.get(0),
                  normed.get(1),
                  memory,
                  reference,
                  levels);
      Value again = layer.crossNorm().add(graph, label + ".encoder_attn_norm", crossed);
      Value expanded = layer.ffn().add(graph, label + ".ffn", again);
      target = layer.ffnNorm().add(graph, label + ".ffn_norm", expanded);
      reference =
          graph.add(
              label + ".reference",
              new BoxRefinement(BoxRefinement.Reference.BOX, 4, EPSILON),
              layer.boxHead().add(graph, label + ".bbox_embed", target),
              reference);
    }
    return new Decoded(target, reference);
  }
}
