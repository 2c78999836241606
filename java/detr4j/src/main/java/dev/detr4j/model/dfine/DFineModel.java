package dev.detr4j.model.dfine;

import dev.detr4j.model.family.Backbone;
import dev.detr4j.model.family.WeightSource;
import dev.detr4j.model.graph.DerivedWeight;
import dev.detr4j.model.graph.DetectionModel;
import dev.detr4j.model.graph.Graph;
import dev.detr4j.model.graph.ModelInput;
import dev.detr4j.model.graph.Value;
import dev.detr4j.model.layer.BatchNorm;
import dev.detr4j.model.layer.ConvNorm;
import dev.detr4j.model.layer.LevelConstants;
import dev.detr4j.model.layer.Parameters;
import dev.detr4j.model.layer.ProposalSelection;
import dev.detr4j.op.Activation;
import dev.detr4j.op.Convolution;
import dev.detr4j.op.LevelShape;
import dev.detr4j.op.Linear;
import dev.detr4j.op.TopProbabilities;
import dev.detr4j.op.WeightedOp;
import dev.detr4j.tensor.ElementType;
import dev.detr4j.tensor.Shape;
import dev.detr4j.tensor.Weight;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * D-FINE (Peng et al. 2024): HGNetV2, its hybrid encoder, proposals, and a decoder whose boxes come
 * from distributions. How sure these are is added to the logits of all classes.
 *
 * <p>It knows no padding: what an image has beside itself counts as image, as in the original.
 */
final class DFineModel implements DetectionModel {
  private final DFineConfig config;
  private final int dModel;
  private final Backbone backbone;
  private final DFineEncoder encoder;
  private final List<WeightedOp<Convolution>> projections = new ArrayList<>();
  private final ProposalSelection proposals;
  private final DFineDecoder decoder;
  private final WeightedOp<Linear> classHead;
  private final List<WeightedOp<Linear>> quality = new ArrayList<>();

  /** Reads the model's weights by name; values stay in the checkpoint. */
  DFineModel(DFineConfig config, WeightSource source) {
    this.config = config;
    dModel = config.transformer().dModel();
    int dim = config.neck().dim();
    backbone = config.backbone().network(source);
    Parameters model = new Parameters(source, "model.");
    encoder = new DFineEncoder(model, config);
    for (int l = 0; dim != dModel && l < config.points().size(); l++) {
      projections.add(
          BatchNorm.folded(
              model.under("decoder_input_proj").under(l),
              "0",
              "1",
              ConvNorm.pixel(dim, dModel),
              config.epsilons().batchNorm()));
    }
    proposals =
        new ProposalSelection(
            model, dModel, config.numQueries(), config.numLogits(), config.epsilons().layerNorm());
    Parameters decoding = model.under("decoder");
    decoder = new DFineDecoder(decoding, config);
    int last = config.transformer().decoderLayers() - 1;
    for (int i = 0; i < config.storedDecoderLayers(); i++) {
      // Unused heads are part of the checkpoint: ask for them, so that the accounts close.
      decoding.linear("class_embed." + i, dModel, config.numLogits(), Activation.NONE);
      quality(decoding, i);
    }
    classHead =
        decoding
            .linear("class_embed." + last, dModel, config.numLogits(), Activation.NONE)
            .as(Linear::withExactProducts)
            .as(Linear::withResidual);
    quality.addAll(quality(decoding, last));
    WeightedOp<Linear> one = quality.removeLast();
    quality.add(
        WeightedOp.linear(
                forAllClasses(one.weight(), ".weight"),
                forAllClasses(one.bias(), ".bias"),
                Activation.NONE)
            .as(Linear::withExactProducts));
  }

  private List<WeightedOp<Linear>> quality(Parameters decoding, int layer) {
    DFineConfig.Quality own = config.quality();
    Parameters parameters = decoding.under("lqe_layers").under(layer).under("reg_conf");
    List<WeightedOp<Linear>> layers = new ArrayList<>();
    for (int i = 0; i < own.layers(); i++) {
      boolean last = i == own.layers() - 1;
      layers.add(
          parameters
              .linear(
                  "layers." + i,
                  i == 0 ? 4 * (own.top() + 1) : own.hidden(),
                  last ? 1 : own.hidden(),
                  last ? Activation.NONE : Activation.RELU)
              .as(Linear::withExactProducts));
    }
    return layers;
  }

  /** One number for all classes: its row as often as there are classes. */
  private Weight forAllClasses(Weight row, String name) {
    return DerivedWeight.rows(
        "quality of all classes" + name,
        Collections.nCopies(config.numLogits(), row).toArray(Weight[]::new));
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
    List<LevelShape> shapes = new ArrayList<>();
    for (int tap : config.backbone().taps()) {
      Value map = stages.get(tap - 1);
      graph.tap("backbone." + maps.size(), map);
      maps.add(map);
      shapes.add(new LevelShape(map.shape().get(1), map.shape().get(2)));
    }
    Value memory = memory(graph, maps, shapes, input.batch());
    graph.tap("memory", memory);
    LevelConstants constants = LevelConstants.unpadded(shapes, input.batch());
    DFineDecoder.Decoded decoded =
        decoder.add(
            graph,
            proposals.add(graph, memory, constants),
            memory,
            shapes,
            constants.validRatios(graph));
    graph.tap("decoder_hidden", decoded.hidden());
    Value sureness =
        graph.add(
            "quality.statistics",
            new TopProbabilities(4, config.bins(), config.quality().top()),
            decoded.corners());
    for (int i = 0; i < quality.size(); i++) {
      sureness = graph.add("quality." + i, quality.get(i), sureness);
    }
    graph.output(LOGITS, graph.add("class_embed", classHead, decoded.hidden(), sureness));
    graph.output(PRED_BOXES, decoded.boxes());
    return graph.build();
  }

  private Value memory(Graph.Builder graph, List<Value> maps, List<LevelShape> shapes, int batch) {
    int tokens = LevelShape.tokens(shapes);
    Value encoded =
        graph.joint("memory", ElementType.F32, Shape.of(batch, tokens, config.neck().dim()));
    encoder.add(graph, maps, encoded);
    if (projections.isEmpty()) {
      return encoded;
    }
    Value projected = graph.joint("projected", ElementType.F32, Shape.of(batch, tokens, dModel));
    int firstToken = 0;
    for (int l = 0; l < shapes.size(); l++) {
      LevelShape shape = shapes.get(l);
      graph.addInto(
          "decoder_input_proj." + l,
          projections.get(l),
          level(projected, firstToken, shape, dModel),
          level(encoded, firstToken, shape, config.neck().dim()));
      firstToken += shape.cells();
    }
    return projected;
  }

  private static Value level(Value tokens, int firstToken, LevelShape shape, int columns) {
    int batch = tokens.shape().get(0);
    return tokens
        .rowsFrom("level", firstToken, Shape.of(batch, shape.cells(), columns))
        .reshaped(Shape.of(batch, shape.height(), shape.width(), columns));
  }
}
