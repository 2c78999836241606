package dev.detr4j.model.conditional;

import dev.detr4j.model.family.Backbone;
import dev.detr4j.model.family.ModelConfig.TransformerConfig;
import dev.detr4j.model.family.WeightSource;
import dev.detr4j.model.graph.DerivedWeight;
import dev.detr4j.model.graph.DetectionModel;
import dev.detr4j.model.graph.Graph;
import dev.detr4j.model.graph.ModelInput;
import dev.detr4j.model.graph.Value;
import dev.detr4j.model.layer.BoxHead;
import dev.detr4j.model.layer.HostConstants;
import dev.detr4j.model.layer.LastMap;
import dev.detr4j.model.layer.Norm;
import dev.detr4j.model.layer.Parameters;
import dev.detr4j.model.layer.PostNormEncoder;
import dev.detr4j.op.Activation;
import dev.detr4j.op.BoxRefinement;
import dev.detr4j.op.Linear;
import dev.detr4j.op.Multiply;
import dev.detr4j.op.ProposalEmbedding;
import dev.detr4j.op.WeightedOp;
import dev.detr4j.tensor.Weight;
import java.util.ArrayList;
import java.util.List;

/**
 * Conditional DETR (Meng et al. 2021): DETR whose decoder matches content with content and place
 * with place. Each query has a reference point, which its embedding alone decides; the sine code of
 * that point, scaled by what the query has seen so far, is its spatial query.
 *
 * <p>Points, their codes and all that the first layer computes before it looks at the image are
 * constant and found by the planner.
 */
public final class ConditionalDetrModel implements DetectionModel {
  /** Of the inverse sigmoid of the reference points. */
  private static final float EPSILON = 1e-5f;

  private final ConditionalDetrConfig config;
  private final int dModel;
  private final Backbone backbone;
  private final LastMap neck;
  private final Weight queryPositions;
  private final PostNormEncoder encoder;
  private final WeightedOp<Linear> pointHidden;
  private final WeightedOp<Linear> points;
  private final WeightedOp<Linear> scaleHidden;
  private final WeightedOp<Linear> scale;
  private final List<ConditionalDecoderLayer> decoder = new ArrayList<>();
  private final Norm decoderNorm;
  private final WeightedOp<Linear> classHead;
  private final BoxHead boxHead;

  /** Reads the model's weights by name; values stay in the checkpoint. */
  public ConditionalDetrModel(ConditionalDetrConfig config, WeightSource source) {
    this.config = config;
    TransformerConfig transformer = config.transformer();
    dModel = transformer.dModel();
    backbone = config.backbone().network(source);
    Parameters root = new Parameters(source, "");
    Parameters model = root.under("model");
    neck = new LastMap(model, config.backbone().lastWidth(), dModel);
    queryPositions = model.tensor("query_position_embeddings.weight", config.numQueries(), dModel);
    encoder = new PostNormEncoder(model.under("encoder"), transformer);
    Parameters layers = model.under("decoder");
    pointHidden =
        layers
            .linear("ref_point_head.layers.0", dModel, dModel, Activation.RELU)
            .as(Linear::withExactProducts);
    points = inBothOrders(layers.linear("ref_point_head.layers.1", dModel, 2, Activation.NONE));
    scaleHidden = layers.linear("query_scale.layers.0", dModel, dModel, Activation.RELU);
    scale = layers.linear("query_scale.layers.1", dModel, dModel, Activation.NONE);
    for (int i = 0; i < transformer.decoderLayers(); i++) {
      decoder.add(
          new ConditionalDecoderLayer(layers.under("layers").under(i), transformer, i == 0));
    }
    decoderNorm = new Norm(model, "decoder.layernorm", dModel);
    classHead =
        root.linear("class_labels_classifier", dModel, config.numLogits(), Activation.NONE)
            .as(Linear::withExactProducts);
    boxHead = new BoxHead(root.under("bbox_predictor"), dModel);
  }

  /** To (y, x, y) instead of (x, y): codes go by y first, boxes by x. */
  private static WeightedOp<Linear> inBothOrders(WeightedOp<Linear> point) {
    return WeightedOp.linear(
            yxyx(point.weight(), "ref_point_head.yxyx.weight"),
            yxyx(point.bias(), "ref_point_head.yxyx.bias"),
            Activation.NONE)
        .as(Linear::withExactProducts);
  }

  private static Weight yxyx(Weight xy, String name) {
    Weight x = DerivedWeight.rowRange(name + " x", xy, 0, 1);
    Weight y = DerivedWeight.rowRange(name + " y", xy, 1, 1);
    return DerivedWeight.rows(name, y, x, y, x);
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
    PostNormEncoder.Memory memory = encoder.add(graph, tokens);
    Value queryPosition =
        HostConstants.weight(graph, "query_position", queryPositions, input.batch());
    Value hiddenPoints = graph.add("points.0", pointHidden, queryPosition);
    Value yxyx =
        graph.add(
            "points",
            new BoxRefinement(BoxRefinement.Reference.NONE, 4, 0f),
            graph.add("points.1", points, hiddenPoints));
    Value code =
        graph
            .add("points.sine", new ProposalEmbedding(dModel / 2), yxyx)
            .columns("points.code", 0, dModel);
    Value target = HostConstants.zeros(graph, "target", input.batch(), numQueries(), dModel);
    for (int i = 0; i < decoder.size(); i++) {
      String label = "decoder." + i;
      Value place = i == 0 ? code : scaled(graph, label, code, target);
      target =
          decoder.get(i).add(graph, label, target, queryPosition, place, memory.values(), tokens);
    }
    Value hidden = decoderNorm.add(graph, "decoder.norm", target);
    graph.tap("decoder_hidden", hidden);
    graph.output(LOGITS, graph.add("class_head", classHead, hidden));
    Value deltas = boxHead.add(graph, "box_head", hidden);
    graph.output(
        PRED_BOXES,
        graph.add(
            "boxes",
            new BoxRefinement(BoxRefinement.Reference.POINT, 4, EPSILON),
            deltas,
            yxyx.columns("points.xy", 1, 2)));
    return graph.build();
  }

  /** The code of the points times what the layer before makes of its queries. */
  private Value scaled(Graph.Builder graph, String label, Value code, Value target) {
    Value hidden = graph.add(label + ".query_scale.0", scaleHidden, target);
    Value factor = graph.add(label + ".query_scale.1", scale, hidden);
    return graph.add(label + ".query_scale", new Multiply(), code, factor);
  }
}
