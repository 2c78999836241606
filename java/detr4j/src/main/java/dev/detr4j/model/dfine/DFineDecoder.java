package dev.detr4j.model.dfine;

import dev.detr4j.model.family.ModelConfig.TransformerConfig;
import dev.detr4j.model.graph.DerivedWeight;
import dev.detr4j.model.graph.Graph;
import dev.detr4j.model.graph.Value;
import dev.detr4j.model.layer.BoxHead;
import dev.detr4j.model.layer.FeedForward;
import dev.detr4j.model.layer.Norm;
import dev.detr4j.model.layer.Parameters;
import dev.detr4j.model.layer.ProposalSelection;
import dev.detr4j.model.layer.SelfAttention;
import dev.detr4j.op.Activation;
import dev.detr4j.op.Add;
import dev.detr4j.op.BoxRefinement;
import dev.detr4j.op.Clamp;
import dev.detr4j.op.DistanceBoxes;
import dev.detr4j.op.Gate;
import dev.detr4j.op.LevelShape;
import dev.detr4j.op.Linear;
import dev.detr4j.op.WeightedOp;
import dev.detr4j.tensor.ElementType;
import dev.detr4j.tensor.Shape;
import dev.detr4j.tensor.Weight;
import java.util.ArrayList;
import java.util.List;

/**
 * D-FINE's decoder (Peng et al. 2024): a gate instead of a residual around the sampling, and boxes
 * from distributions over the distances of their sides, which each layer adds to.
 */
final class DFineDecoder {
  private static final float EPSILON = 1e-5f;

  /** Of the gate's norm, whatever the configuration says of the others. */
  private static final float GATE_EPSILON = 1e-5f;

  private static final Clamp POSITION = new Clamp(-10, 10);

  /** The range of fp16, in which models are trained. */
  private static final Clamp HALF_PRECISION = new Clamp(-65504, 65504);

  private record Layer(
      SelfAttention selfAttention,
      Norm selfNorm,
      EvenDeformableAttention crossAttention,
      WeightedOp<Linear> gate,
      Norm gateNorm,
      FeedForward ffn,
      Norm ffnNorm,
      BoxHead corners) {}

  /** What the last layer delivers: its state, the logits of its distances, and boxes. */
  record Decoded(Value hidden, Value corners, Value boxes) {}

  private final int dModel;
  private final int layersRead;
  private final List<Layer> layers = new ArrayList<>();
  private final WeightedOp<Linear> positionHidden;
  private final WeightedOp<Linear> position;
  private final BoxHead firstBox;
  private final WeightedOp<DistanceBoxes> distances;

  /** Reads the decoder below the prefix; also of layers that do not count. */
  DFineDecoder(Parameters parameters, DFineConfig config) {
    TransformerConfig transformer = config.transformer();
    dModel = transformer.dModel();
    layersRead = transformer.decoderLayers();
    float epsilon = config.epsilons().layerNorm();
    int heads = transformer.decoderHeads();
    for (int i = 0; i < config.storedDecoderLayers(); i++) {
      Parameters layer = parameters.under("layers").under(i);
      layers.add(
          new Layer(
              new SelfAttention(layer.under("self_attn"), dModel, heads),
              new Norm(layer, "self_attn_layer_norm", dModel, epsilon),
              new EvenDeformableAttention(
                  layer.under("encoder_attn"),
                  dModel,
                  heads,
                  config.points(),
                  config.offsetScale()),
              layer.linear("gateway.gate", 2 * dModel, 2 * dModel, Activation.NONE),
              new Norm(layer, "gateway.norm", dModel, GATE_EPSILON),
              new FeedForward(layer, dModel, transformer.decoderFfnDim(), transformer.activation()),
              new Norm(layer, "final_layer_norm", dModel, epsilon),
              new BoxHead(parameters.under("bbox_embed").under(i), dModel, 4 * config.bins())));
    }
    positionHidden =
        parameters
            .linear("query_pos_head.layers.0", 4, 2 * dModel, Activation.RELU)
            .as(Linear::withExactProducts);
    position =
        parameters
            .linear("query_pos_head.layers.1", 2 * dModel, dModel, Activation.NONE)
            .as(Linear::withExactProducts);
    firstBox = new BoxHead(parameters.under("pre_bbox_head"), dModel);
    Weight up = parameters.tensor("up", 1);
    Weight scale = parameters.tensor("reg_scale", 1);
    distances =
        WeightedOp.of(
            new DistanceBoxes(config.bins()),
            DerivedWeight.binWorths(up, scale, config.bins()),
            scale);
  }

  /**
   * Adds the nodes, and the taps {@code initial_boxes} and {@code corners}.
   *
   * @param memory {@code [N, S, dModel]}
   */
  Decoded add(
      Graph.Builder graph,
      ProposalSelection.Chosen queries,
      Value memory,
      List<LevelShape> levels,
      Value validRatios) {
    Value target = queries.target();
    Value reference = queries.reference();
    Value initial = reference;
    Value before = target;
    Value corners = target;
    for (int i = 0; i < layersRead; i++) {
      String label = "decoder." + i;
      Layer layer = layers.get(i);
      Value previous = target;
      target = state(graph, label, layer, target, reference, memory, levels, validRatios);
      if (i == 0) {
        initial =
            graph.add(
                label + ".initial",
                new BoxRefinement(BoxRefinement.Reference.BOX, 4, EPSILON),
                firstBox.add(graph, label + ".pre_bbox_head", target),
                reference);
        graph.tap("initial_boxes", initial);
        before = target;
      } else {
        before = graph.add(label + ".both_states", new Add(), target, previous);
      }
      Value more = layer.corners().add(graph, label + ".bbox_embed", before);
      corners = i == 0 ? more : graph.add(label + ".corners", new Add(), more, corners);
      reference = graph.add(label + ".boxes", distances, corners, initial);
    }
    graph.tap("corners", corners);
    return new Decoded(target, corners, reference);
  }

  private Value state(
      Graph.Builder graph,
      String label,
      Layer layer,
      Value target,
      Value reference,
      Value memory,
      List<LevelShape> levels,
      Value validRatios) {
    Value free =
        graph.add(
            label + ".query_pos.1",
            position,
            graph.add(label + ".query_pos.0", positionHidden, reference));
    Value place = graph.add(label + ".query_pos", POSITION, free);
    Value positioned = graph.add(label + ".position", new Add(), target, place);
    Value attended =
        layer.selfAttention().add(graph, label + ".self_attn", target, positioned, null);
    Shape shape = target.shape();
    Value both =
        graph.joint(
            label + ".both", ElementType.F32, Shape.of(shape.get(0), shape.get(1), 2 * dModel));
    Value own = both.columns(label + ".own", 0, dModel);
    layer.selfNorm().addInto(graph, label + ".self_attn_norm", own, attended);
    Value asking = graph.add(label + ".asking", new Add(), own, place);
    layer
        .crossAttention()
        .add(
            graph,
            label + ".encoder_attn",
            asking,
            memory,
            reference,
            levels,
            validRatios,
            both.columns(label + ".sampled", dModel, dModel));
    Value logits = graph.add(label + ".gate.logits", layer.gate(), both);
    Value gated = graph.add(label + ".gate", new Gate(), logits, both);
    Value normed = layer.gateNorm().add(graph, label + ".gate_norm", gated);
    Value expanded = layer.ffn().add(graph, label + ".ffn", normed);
    Value bounded = graph.add(label + ".ffn.bounded", HALF_PRECISION, expanded);
    return layer.ffnNorm().add(graph, label + ".ffn_norm", bounded);
  }
}
