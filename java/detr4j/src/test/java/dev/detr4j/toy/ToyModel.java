package dev.detr4j.toy;

import dev.detr4j.model.family.Backbone;
import dev.detr4j.model.family.WeightSource;
import dev.detr4j.model.graph.DetectionModel;
import dev.detr4j.model.graph.Graph;
import dev.detr4j.model.graph.ModelInput;
import dev.detr4j.model.graph.Value;
import dev.detr4j.model.layer.BoxHead;
import dev.detr4j.model.layer.CrossAttention;
import dev.detr4j.model.layer.HostConstants;
import dev.detr4j.model.layer.Parameters;
import dev.detr4j.op.Activation;
import dev.detr4j.op.BoxRefinement;
import dev.detr4j.op.Convolution;
import dev.detr4j.op.KernelWindow;
import dev.detr4j.op.Linear;
import dev.detr4j.op.WeightedOp;
import dev.detr4j.tensor.ElementType;
import dev.detr4j.tensor.Shape;
import dev.detr4j.tensor.Weight;
import java.util.List;

/** Patches, one attention of the queries to them, a class and a box head. */
final class ToyModel implements DetectionModel {
  static final int PATCH = 16;

  private final ToyConfig config;
  private final Backbone backbone;
  private final Weight queries;
  private final CrossAttention attention;
  private final WeightedOp<Linear> classHead;
  private final BoxHead boxHead;

  ToyModel(ToyConfig config, WeightSource source) {
    this.config = config;
    Parameters root = new Parameters(source, "");
    backbone = config.backbone().network(source);
    queries =
        root.tensor("model.query_position_embeddings.weight", config.numQueries(), config.width());
    attention = new CrossAttention(root.under("model.attention"), config.width(), 1);
    classHead =
        root.linear("class_head", config.width(), config.numLogits(), Activation.NONE)
            .as(Linear::withExactProducts);
    boxHead = new BoxHead(root.under("box_head"), config.width());
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
    Value image =
        graph.input(
            PIXEL_VALUES,
            ElementType.F32,
            Shape.of(input.batch(), input.height(), input.width(), 3));
    Value map = backbone.add(graph, image).getLast();
    int cells = map.shape().get(1) * map.shape().get(2);
    Value memory = map.reshaped(Shape.of(input.batch(), cells, config.width()));
    Value asking = HostConstants.weight(graph, "queries", queries, input.batch());
    Value seen = attention.add(graph, "attention", asking, asking, memory, memory, null);
    graph.output(LOGITS, graph.add("class_head", classHead, seen));
    Value deltas = boxHead.add(graph, "box_head", seen);
    graph.output(
        PRED_BOXES,
        graph.add("boxes", new BoxRefinement(BoxRefinement.Reference.NONE, 4, 0f), deltas));
    return graph.build();
  }

  /** One convolution, of stride and kernel {@value #PATCH}. */
  record PatchNetwork(WeightedOp<Convolution> patches) implements Backbone {
    PatchNetwork(int width, WeightSource source) {
      this(
          new Parameters(source, "backbone.")
              .weighted(
                  Convolution.of(3, width, new KernelWindow(PATCH, PATCH, PATCH, 0, 1)).withBias(),
                  "patches.weight",
                  "patches.bias"));
    }

    @Override
    public List<Value> add(Graph.Builder graph, Value image) {
      return List.of(graph.add("backbone.patches", patches, image));
    }
  }
}
