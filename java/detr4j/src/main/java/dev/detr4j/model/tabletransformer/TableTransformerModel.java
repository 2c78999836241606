package dev.detr4j.model.tabletransformer;

import dev.detr4j.model.family.Backbone;
import dev.detr4j.model.family.ModelConfig.TransformerConfig;
import dev.detr4j.model.family.WeightSource;
import dev.detr4j.model.graph.DetectionModel;
import dev.detr4j.model.graph.Graph;
import dev.detr4j.model.graph.ModelInput;
import dev.detr4j.model.graph.Value;
import dev.detr4j.model.layer.BoxHead;
import dev.detr4j.model.layer.CrossAttention;
import dev.detr4j.model.layer.FeedForward;
import dev.detr4j.model.layer.HostConstants;
import dev.detr4j.model.layer.LastMap;
import dev.detr4j.model.layer.Norm;
import dev.detr4j.model.layer.Parameters;
import dev.detr4j.model.layer.SelfAttention;
import dev.detr4j.op.Activation;
import dev.detr4j.op.BoxRefinement;
import dev.detr4j.op.Linear;
import dev.detr4j.op.WeightedOp;
import dev.detr4j.tensor.Weight;
import java.util.ArrayList;
import java.util.List;

/**
 * Table Transformer (Smock et al. 2022): the network of DETR with the norm of each layer before its
 * attention or feed-forward network, and one more behind the last encoder layer.
 *
 * <p>The first decoder layer normalises zeros, so all that its queries compute before they look at
 * the image is constant, as in DETR.
 */
public final class TableTransformerModel implements DetectionModel {
  private record EncoderLayer(
      Norm attentionNorm, SelfAttention attention, Norm ffnNorm, FeedForward ffn) {}

  private record DecoderLayer(
      Norm selfNorm,
      SelfAttention selfAttention,
      Norm crossNorm,
      CrossAttention crossAttention,
      Norm ffnNorm,
      FeedForward ffn) {}

  private final TableTransformerConfig config;
  private final int dModel;
  private final Backbone backbone;
  private final LastMap neck;
  private final Weight queryPositions;
  private final List<EncoderLayer> encoder = new ArrayList<>();
  private final Norm encoderNorm;
  private final List<DecoderLayer> decoder = new ArrayList<>();
  private final Norm decoderNorm;
  private final WeightedOp<Linear> classHead;
  private final BoxHead boxHead;

  /** Reads the model's weights by name; values stay in the checkpoint. */
  public TableTransformerModel(TableTransformerConfig config, WeightSource source) {
    this.config = config;
    TransformerConfig transformer = config.transformer();
    dModel = transformer.dModel();
    backbone = config.backbone().network(source);
    Parameters root = new Parameters(source, "");
    Parameters model = root.under("model");
    neck = new LastMap(model, config.backbone().lastWidth(), dModel);
    queryPositions = model.tensor("query_position_embeddings.weight", config.numQueries(), dModel);
    for (int i = 0; i < transformer.encoderLayers(); i++) {
      Parameters layer = model.under("encoder").under("layers").under(i);
      encoder.add(
          new EncoderLayer(
              new Norm(layer, "self_attn_layer_norm", dModel),
              new SelfAttention(layer.under("self_attn"), dModel, transformer.encoderHeads()),
              new Norm(layer, "final_layer_norm", dModel),
              new FeedForward(
                  layer, dModel, transformer.encoderFfnDim(), transformer.activation())));
    }
    encoderNorm = new Norm(model, "encoder.layernorm", dModel);
    for (int i = 0; i < transformer.decoderLayers(); i++) {
      Parameters layer = model.under("decoder").under("layers").under(i);
      decoder.add(
          new DecoderLayer(
              new Norm(layer, "self_attn_layer_norm", dModel),
              new SelfAttention(layer.under("self_attn"), dModel, transformer.decoderHeads()),
              new Norm(layer, "encoder_attn_layer_norm", dModel),
              new CrossAttention(layer.under("encoder_attn"), dModel, transformer.decoderHeads()),
              new Norm(layer, "final_layer_norm", dModel),
              new FeedForward(
                  layer, dModel, transformer.decoderFfnDim(), transformer.activation())));
    }
    decoderNorm = new Norm(model, "decoder.layernorm", dModel);
    classHead =
        root.linear("class_labels_classifier", dModel, config.numLogits(), Activation.NONE)
            .as(Linear::withExactProducts);
    boxHead = new BoxHead(root.under("bbox_predictor"), dModel);
  }

  @Override
  public int numQueries() {
    return config.numQueries();
  }

  @Override
  public int numLogits() {
    return config.numLogits();
  }

  @Override
  public Graph graph(ModelInput input) {
    Graph.Builder graph = new Graph.Builder();
    Value image = input.addPixels(graph);
    LastMap.Tokens tokens = neck.add(graph, input, backbone.add(graph, image));
    Value x = tokens.features();
    for (int i = 0; i < encoder.size(); i++) {
      x = encoderLayer(graph, "encoder." + i, encoder.get(i), x, tokens);
    }
    List<Value> memory = encoderNorm.addPositioned(graph, "encoder.norm", x, tokens.position());
    graph.tap("memory", memory.get(0));
    Value queryPosition =
        HostConstants.weight(graph, "query_position", queryPositions, input.batch());
    Value target = HostConstants.zeros(graph, "target", input.batch(), numQueries(), dModel);
    for (int i = 0; i < decoder.size(); i++) {
      target =
          decoderLayer(
              graph, "decoder." + i, decoder.get(i), target, queryPosition, memory, tokens);
    }
    Value hidden = decoderNorm.add(graph, "decoder.norm", target);
    graph.tap("decoder_hidden", hidden);
    graph.output(LOGITS, graph.add("class_head", classHead, hidden));
    Value deltas = boxHead.add(graph, "box_head", hidden);
    graph.output(
        PRED_BOXES,
        graph.add("boxes", new BoxRefinement(BoxRefinement.Reference.NONE, 4, 0f), deltas));
    return graph.build();
  }

  private static Value encoderLayer(
      Graph.Builder graph, String label, EncoderLayer layer, Value x, LastMap.Tokens tokens) {
    List<Value> normed =
        layer.attentionNorm().addPositioned(graph, label + ".self_attn_norm", x, tokens.position());
    Value attended =
        layer
            .attention()
            .add(graph, label + ".self_attn", x, normed.get(0), normed.get(1), tokens.keyMask());
    Value again = layer.ffnNorm().add(graph, label + ".ffn_norm", attended);
    return layer.ffn().add(graph, label + ".ffn", attended, again);
  }

  private static Value decoderLayer(
      Graph.Builder graph,
      String label,
      DecoderLayer layer,
      Value target,
      Value queryPosition,
      List<Value> memory,
      LastMap.Tokens tokens) {
    List<Value> normed =
        layer.selfNorm().addPositioned(graph, label + ".self_attn_norm", target, queryPosition);
    Value attended =
        layer
            .selfAttention()
            .add(graph, label + ".self_attn", target, normed.get(0), normed.get(1), null);
    List<Value> positioned =
        layer
            .crossNorm()
            .addPositioned(graph, label + ".encoder_attn_norm", attended, queryPosition);
    Value crossed =
        layer
            .crossAttention()
            .add(
                graph,
                label + ".encoder_attn",
                attended,
                positioned.get(1),
                memory.get(0),
                memory.get(1),
                tokens.keyMask());
    Value again = layer.ffnNorm().add(graph, label + ".ffn_norm", crossed);
    return layer.ffn().add(graph, label + ".ffn", crossed, again);
  }
}
