package dev.detr4j.model.vit;

import dev.detr4j.model.family.ModelConfig.TransformerConfig;
import dev.detr4j.model.graph.DerivedWeight;
import dev.detr4j.model.graph.Graph;
import dev.detr4j.model.graph.Value;
import dev.detr4j.model.layer.DeformableAttention;
import dev.detr4j.model.layer.FeedForward;
import dev.detr4j.model.layer.Norm;
import dev.detr4j.model.layer.Parameters;
import dev.detr4j.model.layer.SelfAttention;
import dev.detr4j.op.Activation;
import dev.detr4j.op.Add;
import dev.detr4j.op.Linear;
import dev.detr4j.op.ProposalEmbedding;
import dev.detr4j.op.WeightedOp;
import java.util.ArrayList;
import java.util.List;

/**
 * The decoder of LW-DETR (Chen et al. 2024): all layers see the same boxes, and the same positions
 * that follow from them.
 */
final class VitDecoder {
  private static final float EPSILON = 1e-5f;

  /** The position code has the rows of a box before its columns: y, x, w, h. */
  private static final List<Integer> ROWS_FIRST = List.of(1, 0, 2, 3);

  private record Layer(
      SelfAttention selfAttention,
      Norm selfNorm,
      DeformableAttention crossAttention,
      Norm crossNorm,
      FeedForward ffn,
      Norm ffnNorm) {}

  private final int dModel;
  private final List<Layer> layers = new ArrayList<>();
  private final WeightedOp<Linear> positionHidden;
  private final WeightedOp<Linear> position;
  private final Norm norm;

  /** Reads the decoder below the prefix. */
  VitDecoder(Parameters parameters, VitDetrConfig config) {
    TransformerConfig transformer = config.transformer();
    dModel = transformer.dModel();
    for (int i = 0; i < transformer.decoderLayers(); i++) {
      Parameters layer = parameters.under("layers").under(i);
      layers.add(
          new Layer(
              new SelfAttention(layer.under("self_attn"), dModel, transformer.decoderHeads()),
              new Norm(layer, "self_attn_layer_norm", dModel, EPSILON),
              new DeformableAttention(
                  layer.under("cross_attn"), dModel, config.crossHeads(), 1, config.points()),
              new Norm(layer, "cross_attn_layer_norm", dModel, EPSILON),
              new FeedForward(layer, dModel, transformer.decoderFfnDim(), transformer.activation()),
              new Norm(layer, "layer_norm", dModel, EPSILON)));
    }
    WeightedOp<Linear> hidden =
        parameters.linear("ref_point_head.layers.0", 2 * dModel, dModel, Activation.RELU);
    positionHidden =
        WeightedOp.linear(
                DerivedWeight.columnBlocks(hidden.weight(), ROWS_FIRST),
                hidden.bias(),
                Activation.RELU)
            .as(Linear::withExactProducts);
    position =
        parameters
            .linear("ref_point_head.layers.1", dModel, dModel, Activation.NONE)
            .as(Linear::withExactProducts);
    norm = new Norm(parameters, "layernorm", dModel, EPSILON);
  }

  /**
   * Adds the nodes.
   *
   * @param seen the boxes relative to the padded image
   * @param memory {@code [N, S, dModel]}
   * @return {@code [N, Q, dModel]}
   */
  Value add(
      Graph.Builder graph,
      LearnedQueries.Chosen queries,
      Value seen,
      Value memory,
      DeformableAttention.Levels levels) {
    Value code = graph.add("decoder.query_pos.sine", new ProposalEmbedding(dModel / 2), seen);
    Value place =
        graph.add(
            "decoder.query_pos.1",
            position,
            graph.add("decoder.query_pos.0", positionHidden, code));
    Value x = queries.target();
    for (int i = 0; i < layers.size(); i++) {
      String label = "decoder." + i;
      Layer layer = layers.get(i);
      Value positioned = graph.add(label + ".position", new Add(), x, place);
      Value attended = layer.selfAttention().add(graph, label + ".self_attn", x, positioned, null);
      List<Value> asking =
          layer.selfNorm().addPositioned(graph, label + ".self_attn_norm", attended, place);
      Value sampled =
          layer
              .crossAttention()
              .add(
                  graph,
                  label + ".cross_attn",
                  asking.get(0),
                  asking.get(1),
                  memory,
                  queries.reference(),
                  levels);
      Value normed = layer.crossNorm().add(graph, label + ".cross_attn_norm", sampled);
      Value expanded = layer.ffn().add(graph, label + ".ffn", normed);
      x = layer.ffnNorm().add(graph, label + ".ffn_norm", expanded);
    }
    return norm.add(graph, "decoder.norm", x);
  }
}
