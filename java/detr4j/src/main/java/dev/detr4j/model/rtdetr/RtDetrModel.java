package dev.detr4j.model.rtdetr;

import dev.detr4j.model.family.Backbone;
import dev.detr4j.model.family.WeightSource;
import dev.detr4j.model.graph.DetectionModel;
import dev.detr4j.model.graph.Graph;
import dev.detr4j.model.graph.ModelInput;
import dev.detr4j.model.graph.Value;
import dev.detr4j.model.layer.BatchNorm;
import dev.detr4j.model.layer.DeformableAttention;
import dev.detr4j.model.layer.LevelConstants;
import dev.detr4j.model.layer.Parameters;
import dev.detr4j.model.layer.ProposalSelection;
import dev.detr4j.op.Activation;
import dev.detr4j.op.Convolution;
import dev.detr4j.op.KernelWindow;
import dev.detr4j.op.LevelShape;
import dev.detr4j.op.Linear;
import dev.detr4j.op.WeightedOp;
import dev.detr4j.tensor.ElementType;
import dev.detr4j.tensor.Shape;
import java.util.ArrayList;
import java.util.List;

/**
 * RT-DETR (Zhao et al. 2024) and RT-DETRv2 (Lv et al. 2024): ResNet-vd, the hybrid encoder,
 * proposals, and a deformable decoder on the maps of the encoder.
 *
 * <p>It knows no padding: what an image has beside itself counts as image, as in the original.
 */
final class RtDetrModel implements DetectionModel {
  private final RtDetrConfig config;
  private final int dModel;
  private final Backbone backbone;
  private final HybridEncoder encoder;
  private final List<WeightedOp<Convolution>> projections = new ArrayList<>();
  private final ProposalSelection proposals;
  private final RtDetrDecoder decoder;
  private final WeightedOp<Linear> classHead;

  /** Reads the model's weights by name; values stay in the checkpoint. */
  RtDetrModel(RtDetrConfig config, WeightSource source) {
    this.config = config;
    dModel = config.transformer().dModel();
    backbone = config.backbone().network(source);
    Parameters model = new Parameters(source, "model.");
    encoder = new HybridEncoder(model, config);
    int taps = config.backbone().taps().size();
    for (int l = 0; l < config.numFeatureLevels(); l++) {
      // One level more is made from the coarsest map.
      KernelWindow window =
          l < taps ? KernelWindow.PIXEL : KernelWindow.square(3).withStride(2).withPadding(1);
      projections.add(
          BatchNorm.folded(
              model.under("decoder_input_proj").under(l),
              "0",
              "1",
              Convolution.of(config.encoder().dim(), dModel, window),
              config.epsilons().batchNorm()));
    }
    proposals =
        new ProposalSelection(
            model, dModel, config.numQueries(), config.numLogits(), config.epsilons().layerNorm());
    decoder = new RtDetrDecoder(model.under("decoder"), config);
    Parameters heads = model.under("decoder").under("class_embed");
    for (int i = 0; i < config.storedDecoderLayers(); i++) {
      // Unused heads are part of the checkpoint: ask for them, so that the accounts close.
      heads.linear(Integer.toString(i), dModel, config.numLogits(), Activation.NONE);
    }
    classHead =
        heads
            .linear(
                Integer.toString(config.transformer().decoderLayers() - 1),
                dModel,
                config.numLogits(),
                Activation.NONE)
            .as(Linear::withExactProducts);
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
    List<Value> stages = backbone.add(graph, image);
    List<Value> maps = new ArrayList<>();
    for (int tap : config.backbone().taps()) {
      graph.tap("backbone." + maps.size(), stages.get(tap - 1));
      maps.add(stages.get(tap - 1));
    }
    List<Value> neck = encoder.add(graph, maps);
    List<LevelShape> shapes = shapes(neck);
    Value memory =
        graph.joint(
            "memory", ElementType.F32, Shape.of(input.batch(), LevelShape.tokens(shapes), dModel));
    int firstToken = 0;
    for (int l = 0; l < shapes.size(); l++) {
      LevelShape shape = shapes.get(l);
      Value rows =
          memory.rowsFrom(
              "memory." + l, firstToken, Shape.of(input.batch(), shape.cells(), dModel));
      graph.addInto(
          "decoder_input_proj." + l,
          projections.get(l),
          rows.reshaped(Shape.of(input.batch(), shape.height(), shape.width(), dModel)),
          neck.get(Math.min(l, neck.size() - 1)));
      firstToken += shape.cells();
    }
    graph.tap("memory", memory);
    LevelConstants constants = LevelConstants.unpadded(shapes, input.batch());
    DeformableAttention.Levels levels =
        new DeformableAttention.Levels(shapes, constants.validRatios(graph), null);
    RtDetrDecoder.Decoded decoded =
        decoder.add(graph, proposals.add(graph, memory, constants), memory, levels);
    graph.tap("decoder_hidden", decoded.hidden());
    graph.output(LOGITS, graph.add("class_embed", classHead, decoded.hidden()));
    graph.output(PRED_BOXES, decoded.boxes());
    return graph.build();
  }

  private List<LevelShape> shapes(List<Value> neck) {
    List<LevelShape> shapes = new ArrayList<>();
    for (int l = 0; l < projections.size(); l++) {
      Shape map = neck.get(Math.min(l, neck.size() - 1)).shape();
      KernelWindow window = projections.get(l).op().window();
      shapes.add(new LevelShape(window.outHeight(map.get(1)), window.outWidth(map.get(2))));
    }
    return List.copyOf(shapes);
  }
}
