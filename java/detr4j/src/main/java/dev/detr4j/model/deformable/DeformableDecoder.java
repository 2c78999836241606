package dev.detr4j.model.deformable;

import dev.detr4j.model.family.ModelConfig.TransformerConfig;
import dev.detr4j.model.graph.Graph;
import dev.detr4j.model.graph.Value;
import dev.detr4j.model.layer.BoxHead;
import dev.detr4j.model.layer.DeformableAttention;
import dev.detr4j.model.layer.FeedForward;
import dev.detr4j.model.layer.Norm;
import dev.detr4j.model.layer.Parameters;
import dev.detr4j.model.layer.SelfAttention;
import dev.detr4j.op.Add;
import dev.detr4j.op.BoxRefinement;
import java.util.ArrayList;
import java.util.List;

/**
 * The deformable decoder: object queries attend to each other, then sample the memory around their
 * references, which box refinement moves after each layer.
 */
final class DeformableDecoder {
  private record Layer(
      SelfAttention selfAttention,
      Norm selfNorm,
      DeformableAttention crossAttention,
      Norm crossNorm,
      FeedForward ffn,
      Norm ffnNorm) {}

  /** What a layer delivers; the boxes are those of its head. */
  record Decoded(Value hidden, Value boxes) {}

  private final boolean refine;
  private final float inverseSigmoidEpsilon;
  private final List<Layer> layers = new ArrayList<>();
  private final List<BoxHead> boxHeads;

  /**
   * Reads {@code layers.*} below the prefix.
   *
   * @param boxHeads the head of each layer; the last one alone counts without box refinement
   */
  DeformableDecoder(Parameters parameters, DeformableDetrConfig config, List<BoxHead> boxHeads) {
    this.boxHeads = List.copyOf(boxHeads);
    refine = config.withBoxRefine();
    inverseSigmoidEpsilon = config.numerics().inverseSigmoidEpsilon();
    TransformerConfig transformer = config.transformer();
    int dModel = transformer.dModel();
    for (int i = 0; i < transformer.decoderLayers(); i++) {
      Parameters layer = parameters.under("layers").under(i);
      layers.add(
          new Layer(
              new SelfAttention(layer.under("self_attn"), dModel, transformer.decoderHeads()),
              new Norm(layer, "self_attn_layer_norm", dModel),
              new DeformableAttention(
                  layer.under("encoder_attn"),
                  dModel,
                  transformer.decoderHeads(),
                  config.numFeatureLevels(),
                  config.decoderPoints()),
              new Norm(layer, "encoder_attn_layer_norm", dModel),
              new FeedForward(layer, dModel, transformer.decoderFfnDim(), transformer.activation()),
              new Norm(layer, "final_layer_norm", dModel)));
    }
  }

  /**
   * Adds the nodes; returns what each layer delivers, or the last one alone where the graph does
   * not learn.
   *
   * @param queries target, position and first reference of the object queries
   */
  List<Decoded> add(
      Graph.Builder graph,
      ObjectQueries.Queries queries,
      Value memory,
      DeformableAttention.Levels levels) {
    Value target = queries.target();
    Value position = queries.position();
    Value positioned = graph.add("decoder.position", new Add(), target, position);
    Value reference = queries.reference();
    List<Decoded> decoded = new ArrayList<>();
    for (int i = 0; i < layers.size(); i++) {
      String label = "decoder." + i;
      Layer layer = layers.get(i);
      Value attended =
          layer.selfAttention().add(graph, label + ".self_attn", target, positioned, null);
      List<Value> selfNormed =
          layer.selfNorm().addPositioned(graph, label + ".self_attn_norm", attended, position);
      Value crossed =
          layer
              .crossAttention()
              .add(
                  graph,
                  label + ".encoder_attn",
                  selfNormed.get(0),
                  selfNormed.get(1),
                  memory,
                  reference,
                  levels);
      Value crossNormed = layer.crossNorm().add(graph, label + ".encoder_attn_norm", crossed);
      Value expanded = layer.ffn().add(graph, label + ".ffn", crossNormed);
      boolean last = i == layers.size() - 1;
      if (last) {
        target = layer.ffnNorm().add(graph, label + ".ffn_norm", expanded);
      } else {
        List<Value> next =
            layer.ffnNorm().addPositioned(graph, label + ".ffn_norm", expanded, position);
        target = next.get(0);
        positioned = next.get(1);
      }
      if (refine || last || graph.isTraining()) {
        Value delta = boxHeads.get(i).add(graph, label + ".bbox_embed", target);
        BoxRefinement.Reference form =
            reference.shape().last() == 2
                ? BoxRefinement.Reference.POINT
                : BoxRefinement.Reference.BOX;
        Value boxes =
            graph.add(
                label + ".reference",
                new BoxRefinement(form, 4, inverseSigmoidEpsilon),
                delta,
                reference);
        if (last || graph.isTraining()) {
          decoded.add(new Decoded(target, boxes));
        }
        if (refine) {
          // The next reference is the prediction of this layer, which learns from its own loss
          // alone.
          reference = boxes.detached();
        }
      }
    }
    return decoded;
  }
}
