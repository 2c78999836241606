package dev.detr4j.model.vit;

import dev.detr4j.error.ImageException;
import dev.detr4j.model.family.WeightSource;
import dev.detr4j.model.graph.DetectionModel;
import dev.detr4j.model.graph.Graph;
import dev.detr4j.model.graph.ModelInput;
import dev.detr4j.model.graph.Value;
import dev.detr4j.model.layer.BoxHead;
import dev.detr4j.model.layer.DeformableAttention;
import dev.detr4j.model.layer.HostConstants;
import dev.detr4j.model.layer.LevelConstants;
import dev.detr4j.model.layer.Parameters;
import dev.detr4j.op.Activation;
import dev.detr4j.op.LevelShape;
import dev.detr4j.op.Linear;
import dev.detr4j.op.Multiply;
import dev.detr4j.op.WeightedOp;
import dev.detr4j.tensor.ElementType;
import dev.detr4j.tensor.Shape;
import java.util.ArrayList;
import java.util.List;

/**
 * A detector on a vision transformer: maps of several depths become one through a projector, which
 * the decoder samples. There is no encoder.
 */
public final class VitDetrModel implements DetectionModel {
  private final VitDetrConfig config;
  private final WindowedVit backbone;
  private final Projector projector;
  private final LearnedQueries queries;
  private final VitDecoder decoder;
  private final WeightedOp<Linear> classHead;
  private final BoxHead boxHead;

  /** Reads the model's weights by name; values stay in the checkpoint. */
  VitDetrModel(VitDetrConfig config, WeightSource source) {
    this.config = config;
    int dModel = config.transformer().dModel();
    VitConfig vit = config.backbone();
    Parameters model = new Parameters(source, "model.");
    backbone = new WindowedVit(vit, model.under("backbone").under("backbone"));
    projector =
        new Projector(
            model.under("backbone").under("projector"),
            vit.taken().size() * vit.channels(),
            dModel,
            config.neck());
    queries = new LearnedQueries(model, config);
    decoder = new VitDecoder(model.under("decoder"), config);
    Parameters heads = new Parameters(source, "");
    classHead =
        heads
            .linear("class_embed", dModel, config.numLogits(), Activation.NONE)
            .as(Linear::withExactProducts);
    boxHead = new BoxHead(heads.under("bbox_embed"), dModel);
  }

  @Override
  public int numQueries() {
    return config.numQueries();
  }

  @Override
  public int numLogits() {
    return config.numLogits();
  }

  /**
   * {@inheritDoc}
   *
   * @throws ImageException when windows do not divide the input, or a DINOv2 gets one that is no
   *     square: transformers would mix up its windows
   */
  @Override
  public Graph graph(ModelInput input) {
    if (config.backbone().form() == VitConfig.Form.DINO_V2 && input.height() != input.width()) {
      throw new ImageException(
          "the input is %dx%d pixels, expected a square: windows are defined for squares only"
              .formatted(input.width(), input.height()));
    }
    Graph.Builder graph = new Graph.Builder();
    Value image = input.addPixels(graph);
    VitConfig vit = config.backbone();
    Shape map = backbone.map(image.shape());
    int levels = vit.taken().size();
    Value maps =
        graph.joint(
            "maps",
            ElementType.F32,
            Shape.of(map.get(0), map.get(1), map.get(2), levels * vit.channels()));
    List<Value> places = new ArrayList<>();
    for (int i = 0; i < levels; i++) {
      places.add(maps.columns("backbone." + i, i * vit.channels(), vit.channels()));
    }
    backbone.addInto(graph, image, places);
    Value memory = projector.add(graph, maps);
    LevelShape shape = new LevelShape(map.get(1), map.get(2));
    List<List<LevelShape>> valid = List.of(input.valid(shape));
    LevelConstants constants = new LevelConstants(List.of(shape), valid);
    LearnedQueries.Chosen chosen = queries.add(graph, memory, constants);
    Value validTokens =
        input.padded()
            ? HostConstants.validTokens(graph, "valid_tokens", List.of(shape), valid)
            : null;
    Value hidden =
        decoder.add(
            graph,
            chosen,
            input.padded()
                ? ofPaddedImage(graph, chosen.reference(), constants)
                : chosen.reference(),
            memory,
            new DeformableAttention.Levels(
                List.of(shape), constants.validRatios(graph), validTokens));
    graph.tap("decoder_hidden", hidden);
    graph.output(LOGITS, graph.add("class_embed", classHead, hidden));
    Value delta = boxHead.add(graph, "bbox_embed", hidden);
    graph.output(
        PRED_BOXES, graph.add("boxes", LearnedQueries.RELATIVE, delta, chosen.reference()));
    return graph.build();
  }

  private static Value ofPaddedImage(
      Graph.Builder graph, Value reference, LevelConstants constants) {
    int queries = reference.shape().get(1);
    return graph.add(
        "decoder.query_pos.reference",
        new Multiply(),
        reference,
        constants.boxRatios(graph, queries));
  }
}
