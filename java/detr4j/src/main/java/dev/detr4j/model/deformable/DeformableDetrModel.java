package dev.detr4j.model.deformable;

import dev.detr4j.model.family.Backbone;
import dev.detr4j.model.family.WeightSource;
import dev.detr4j.model.graph.DerivedWeight;
import dev.detr4j.model.graph.Graph;
import dev.detr4j.model.graph.ModelInput;
import dev.detr4j.model.graph.TrainableModel;
import dev.detr4j.model.graph.Value;
import dev.detr4j.model.layer.BoxHead;
import dev.detr4j.model.layer.DeformableAttention;
import dev.detr4j.model.layer.HostConstants;
import dev.detr4j.model.layer.LevelConstants;
import dev.detr4j.model.layer.Parameters;
import dev.detr4j.op.Activation;
import dev.detr4j.op.LevelShape;
import dev.detr4j.op.Linear;
import dev.detr4j.op.SinePositionEmbedding;
import dev.detr4j.op.WeightedOp;
import dev.detr4j.tensor.ElementType;
import dev.detr4j.tensor.Shape;
import dev.detr4j.tensor.Weight;
import java.util.ArrayList;
import java.util.List;

/**
 * Deformable DETR (Zhu et al. 2021): a backbone, a neck to several feature levels, a deformable
 * encoder and decoder; with box refinement and two-stage proposals as the configuration says.
 */
public final class DeformableDetrModel implements TrainableModel {
  private final DeformableDetrConfig config;
  private final int dModel;
  private final Backbone backbone;
  private final List<InputProjection> projections = new ArrayList<>();
  private final List<Weight> levelEmbeddings = new ArrayList<>();
  private final DeformableEncoder encoder;
  private final DeformableDecoder decoder;
  private final ObjectQueries queries;
  private final List<WeightedOp<Linear>> classHeads = new ArrayList<>();

  /** Reads the model's weights by name; values stay in the checkpoint. */
  public DeformableDetrModel(DeformableDetrConfig config, WeightSource source) {
    this.config = config;
    dModel = config.transformer().dModel();
    backbone = config.backbone().network(source);
    Parameters root = new Parameters(source, "");
    Parameters model = root.under("model");
    List<Integer> taps = config.backbone().taps();
    int levels = config.numFeatureLevels();
    Weight levelEmbedding = model.tensor("level_embed", levels, dModel);
    for (int l = 0; l < levels; l++) {
      boolean further = l >= taps.size();
      int in =
          l < taps.size()
              ? config.backbone().widths().get(taps.get(l) - 1)
              : l == taps.size() ? config.backbone().lastWidth() : dModel;
      projections.add(
          new InputProjection(
              model.under("input_proj").under(l),
              in,
              dModel,
              further,
              config.numerics().neckBias()));
      levelEmbeddings.add(DerivedWeight.rowRange("level_embed." + l, levelEmbedding, l, 1));
    }
    int layers = config.transformer().decoderLayers();
    List<BoxHead> boxHeads = new ArrayList<>();
    for (int i = 0; i < layers; i++) {
      // Without refinement only the last head is used, and all of them are one.
      boolean used = config.withBoxRefine() || i == layers - 1;
      boxHeads.add(new BoxHead(root.under("bbox_embed").under(used ? i : layers - 1), dModel));
    }
    for (int i = 0; i < layers; i++) {
      // All are part of the checkpoint, though only training looks at those before the last.
      classHeads.add(
          root.linear("class_embed." + i, dModel, config.numLogits(), Activation.NONE)
              .as(Linear::withExactProducts));
    }
    encoder = new DeformableEncoder(model.under("encoder"), config);
    decoder = new DeformableDecoder(model.under("decoder"), config, boxHeads);
    queries =
        config.twoStage()
            ? new ProposedQueries(
                model,
                config,
                root.linear("class_embed." + layers, dModel, config.numLogits(), Activation.NONE),
                new BoxHead(root.under("bbox_embed").under(layers), dModel))
            : new LearnedQueries(model, config);
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
    return config.transformer().decoderLayers();
  }

  @Override
  public boolean twoStage() {
    return config.twoStage();
  }

  @Override
  public Graph graph(ModelInput input) {
    return graph(new Graph.Builder(), input);
  }

  @Override
  public Graph trainingGraph(ModelInput input, TrainingForm form) {
    return graph(Graph.Builder.ofTraining(), input);
  }

  private Graph graph(Graph.Builder graph, ModelInput input) {
    Value image = input.addPixels(graph);
    List<Value> stages = backbone.add(graph, image);
    List<Value> maps = new ArrayList<>();
    for (int tap : config.backbone().taps()) {
      Value map = stages.get(tap - 1);
      graph.tap("backbone." + maps.size(), map);
      maps.add(map);
    }
    List<LevelShape> shapes =
        InputProjection.shapes(
            projections,
            maps.stream()
                .map(map -> new LevelShape(map.shape().get(1), map.shape().get(2)))
                .toList());
    List<List<LevelShape>> valid = shapes.stream().map(input::valid).toList();
    int tokens = LevelShape.tokens(shapes);
    Shape sequence = Shape.of(input.batch(), tokens, dModel);
    Value source = graph.joint("source", ElementType.F32, sequence);
    Value position = graph.joint("position", ElementType.F32, sequence);
    neck(graph, maps, shapes, valid, source, position);
    LevelConstants constants = new LevelConstants(shapes, valid);
    DeformableAttention.Levels levels =
        new DeformableAttention.Levels(
            shapes,
            constants.validRatios(graph),
            input.padded() ? HostConstants.validTokens(graph, "mask", shapes, valid) : null);
    Value memory = encoder.add(graph, source, position, constants.referencePoints(graph), levels);
    graph.tap("memory", memory);
    List<DeformableDecoder.Decoded> decoded =
        decoder.add(graph, queries.add(graph, memory, constants), memory, levels);
    graph.tap("decoder_hidden", decoded.getLast().hidden());
    int layers = classHeads.size();
    for (int i = layers - decoded.size(); i < layers; i++) {
      DeformableDecoder.Decoded layer = decoded.get(i - layers + decoded.size());
      String label = TrainableModel.ofLayer("class_embed", i, layers);
      graph.output(
          TrainableModel.ofLayer(LOGITS, i, layers),
          graph.add(label, classHeads.get(i), layer.hidden()));
      graph.output(TrainableModel.ofLayer(PRED_BOXES, i, layers), layer.boxes());
    }
    return graph.build();
  }

  private void neck(
      Graph.Builder graph,
      List<Value> maps,
      List<LevelShape> shapes,
      List<List<LevelShape>> valid,
      Value source,
      Value position) {
    int batch = source.shape().get(0);
    int firstToken = 0;
    Value previous = maps.getLast();
    for (int l = 0; l < shapes.size(); l++) {
      LevelShape shape = shapes.get(l);
      Value from = l < maps.size() ? maps.get(l) : previous;
      Value level = projections.get(l).add(graph, "input_proj." + l, from, source, firstToken);
      graph.tap("input_proj." + l, level);
      if (l >= maps.size()) {
        previous = level;
      }
      Value place =
          position
              .rowsFrom("position." + l, firstToken, Shape.of(batch, shape.cells(), dModel))
              .reshaped(Shape.of(batch, shape.height(), shape.width(), dModel));
      graph.addInto(
          "position." + l,
          WeightedOp.of(
              new SinePositionEmbedding(
                  shape.height(),
                  shape.width(),
                  dModel / 2,
                  config.numerics().sineOffset(),
                  valid.get(l),
                  true),
              levelEmbeddings.get(l)),
          place);
      firstToken += shape.cells();
    }
  }
}
