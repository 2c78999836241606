package dev.detr4j.model.detr;

import dev.detr4j.model.family.Backbone;
import dev.detr4j.model.family.ModelConfig.TransformerConfig;
import dev.detr4j.model.family.WeightSource;
import dev.detr4j.model.graph.Graph;
import dev.detr4j.model.graph.ModelInput;
import dev.detr4j.model.graph.TrainableModel;
import dev.detr4j.model.graph.Value;
import dev.detr4j.model.layer.BoxHead;
import dev.detr4j.model.layer.CrossAttention;
import dev.detr4j.model.layer.FeedForward;
import dev.detr4j.model.layer.HostConstants;
import dev.detr4j.model.layer.LastMap;
import dev.detr4j.model.layer.Norm;
import dev.detr4j.model.layer.Parameters;
import dev.detr4j.model.layer.PostNormEncoder;
import dev.detr4j.model.layer.SelfAttention;
import dev.detr4j.op.Activation;
import dev.detr4j.op.BoxRefinement;
import dev.detr4j.op.Linear;
import dev.detr4j.op.WeightedOp;
import dev.detr4j.tensor.Weight;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * DETR (Carion et al. 2020): ResNet, a post-norm transformer over the last map, class and box heads
 * on its object queries.
 *
 * <p>What the decoder computes from its queries alone, before it first looks at the image, is
 * constant and found by the planner; so the first self-attention costs nothing at run time.
 */
public final class DetrModel implements TrainableModel {
  private record DecoderLayer(
      SelfAttention selfAttention,
      Norm selfNorm,
      CrossAttention crossAttention,
      Norm crossNorm,
      FeedForward ffn,
      Norm ffnNorm) {}

  private final DetrConfig config;
  private final int dModel;
  private final Backbone backbone;
  private final LastMap neck;
  private final Weight queryPositions;
  private final PostNormEncoder encoder;
  private final List<DecoderLayer> decoder = new ArrayList<>();
  private final Norm decoderNorm;
  private final WeightedOp<Linear> classHead;
  private final BoxHead boxHead;

  /** Reads the model's weights by name; values stay in the checkpoint. */
  public DetrModel(DetrConfig config, WeightSource source) {
    this.config = config;
    TransformerConfig transformer = config.transformer();
    dModel = transformer.dModel();
    backbone = config.backbone().network(source);
    Parameters root = new Parameters(source, "");
    Parameters model = root.under("model");
    neck = new LastMap(model, config.backbone().lastWidth(), dModel);
    queryPositions = model.tensor("query_position_embeddings.weight", config.numQueries(), dModel);
    encoder = new PostNormEncoder(model.under("encoder"), transformer);
    for (int i = 0; i < transformer.decoderLayers(); i++) {
      Parameters layer = model.under("decoder").under("layers").under(i);
      decoder.add(
          new DecoderLayer(
              new SelfAttention(layer.under("self_attn"), dModel, transformer.decoderHeads()),
              new Norm(layer, "self_attn_layer_norm", dModel),
              new CrossAttention(layer.under("encoder_attn"), dModel, transformer.decoderHeads()),
              new Norm(layer, "encoder_attn_layer_norm", dModel),
              new FeedForward(layer, dModel, transformer.decoderFfnDim(), transformer.activation()),
              new Norm(layer, "final_layer_norm", dModel)));
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
  public int decoderLayers() {
    return decoder.size();
  }

  @Override
  public boolean twoStage() {
    return false;
  }

  @Override
  public Graph graph(ModelInput input) {
    return graph(new Graph.Builder(), input, TrainingForm.ORIGINAL);
  }

  @Override
  public Graph trainingGraph(ModelInput input, TrainingForm form) {
    return graph(Graph.Builder.ofTraining(), input, form);
  }

  private Graph graph(Graph.Builder graph, ModelInput input, TrainingForm form) {
    int batch = input.batch();
    Value image = input.addPixels(graph);
    LastMap.Tokens tokens = neck.add(graph, input, backbone.add(graph, image));
    decode(graph, batch, encoder.add(graph, tokens), tokens.keyMask(), form);
    return graph.build();
  }

  private void decode(
      Graph.Builder graph,
      int batch,
      PostNormEncoder.Memory memory,
      @Nullable Value keyMask,
      TrainingForm form) {
    Value queryPosition = HostConstants.weight(graph, "query_position", queryPositions, batch);
    Value target = HostConstants.zeros(graph, "target", batch, numQueries(), dModel);
    // Zero plus the position is the position.
    Value positioned = queryPosition;
    for (int i = 0; i < decoder.size(); i++) {
      String label = "decoder." + i;
      DecoderLayer layer = decoder.get(i);
      Value attended =
          layer.selfAttention().add(graph, label + ".self_attn", target, positioned, null);
      List<Value> selfNormed =
          layer.selfNorm().addPositioned(graph, label + ".self_attn_norm", attended, queryPosition);
      Value crossed =
          layer
              .crossAttention()
              .add(
                  graph,
                  label + ".encoder_attn",
                  selfNormed.get(0),
                  selfNormed.get(1),
                  memory.values(),
                  memory.keys(),
                  keyMask);
      Value crossNormed = layer.crossNorm().add(graph, label + ".encoder_attn_norm", crossed);
      Value expanded = layer.ffn().add(graph, label + ".ffn", crossNormed);
      List<Value> next =
          layer.ffnNorm().addPositioned(graph, label + ".ffn_norm", expanded, queryPosition);
      target = next.get(0);
      positioned = next.get(1);
      boolean last = i == decoder.size() - 1;
      if (graph.isTraining() && form == TrainingForm.REPEATED_DECODER_NORM) {
        List<Value> again =
            decoderNorm.addPositioned(graph, label + ".norm", target, queryPosition);
        target = again.get(0);
        positioned = again.get(1);
      }
      if (graph.isTraining() && !last) {
        boolean normed = form == TrainingForm.REPEATED_DECODER_NORM;
        predict(graph, normed ? target : decoderNorm.add(graph, "decoder.norm." + i, target), i);
      }
    }
    Value hidden = decoderNorm.add(graph, "decoder.norm", target);
    graph.tap("decoder_hidden", hidden);
    predict(graph, hidden, decoder.size() - 1);
  }

  /** Names the predictions of a layer. */
  private void predict(Graph.Builder graph, Value hidden, int layer) {
    int layers = decoder.size();
    graph.output(
        TrainableModel.ofLayer(LOGITS, layer, layers),
        graph.add(TrainableModel.ofLayer("class_head", layer, layers), classHead, hidden));
    Value deltas = boxHead.add(graph, TrainableModel.ofLayer("box_head", layer, layers), hidden);
    graph.output(
        TrainableModel.ofLayer(PRED_BOXES, layer, layers),
        graph.add(
            TrainableModel.ofLayer("boxes", layer, layers),
            new BoxRefinement(BoxRefinement.Reference.NONE, 4, 0f),
            deltas));
  }
}
