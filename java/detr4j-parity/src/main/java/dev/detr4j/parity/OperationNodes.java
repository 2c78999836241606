package dev.detr4j.parity;

import dev.detr4j.json.JsonObject;
import dev.detr4j.model.graph.DerivedWeight;
import dev.detr4j.model.graph.Graph;
import dev.detr4j.model.graph.Value;
import dev.detr4j.op.Activation;
import dev.detr4j.op.Attention;
import dev.detr4j.op.BoxRefinement;
import dev.detr4j.op.Convolution;
import dev.detr4j.op.GlobalResponseNorm;
import dev.detr4j.op.GroupNorm;
import dev.detr4j.op.KernelWindow;
import dev.detr4j.op.LayerNorm;
import dev.detr4j.op.LevelShape;
import dev.detr4j.op.Linear;
import dev.detr4j.op.MaxPool;
import dev.detr4j.op.MsDeformAttention;
import dev.detr4j.op.RowMask;
import dev.detr4j.op.SinePositionEmbedding;
import dev.detr4j.op.WeightedOp;
import dev.detr4j.op.gradient.WeightValue;
import dev.detr4j.tensor.Shape;
import dev.detr4j.tensor.Weight;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** The nodes of the operations whose gradients are stored: an index entry becomes a small graph. */
final class OperationNodes {
  /** Rows that all images share, unlike the rows of other cases. */
  static final String EMBEDDING = "query_embedding";

  private final OperationCase of;
  private final JsonObject entry;
  private final JsonObject attributes;
  private final JsonObject inputs;
  private final Graph.Builder graph;

  private OperationNodes(OperationCase of, JsonObject entry, Graph.Builder graph) {
    this.of = of;
    this.entry = entry;
    attributes = entry.object("attributes");
    inputs = entry.object("inputs");
    this.graph = graph;
  }

  /**
   * Adds the nodes of a case.
   *
   * @return its outputs
   */
  static List<Value> add(OperationCase of, JsonObject entry, Graph.Builder graph) {
    return new OperationNodes(of, entry, graph).build();
  }

  private Value value(String name) {
    return of.value(name);
  }

  private Weight weight(String name) {
    return of.weight(name);
  }

  private boolean has(String name) {
    return inputs.has(name);
  }

  private Shape shape(String name) {
    return DescribedTensor.shape(inputs.object(name));
  }

  private Activation activation() {
    return Activation.valueOf(attributes.string("activation", "none").toUpperCase(Locale.ROOT));
  }

  private float epsilon() {
    return (float) attributes.number("epsilon");
  }

  private List<LevelShape> levels() {
    return attributes.integerLists("levels").stream()
        .map(level -> new LevelShape(level.get(0), level.get(1)))
        .toList();
  }

  private List<Value> build() {
    return switch (entry.string("op")) {
      case "linear" -> List.of(linear());
      case "convolution" -> List.of(convolution());
      case "convolution_frozen_norm" -> List.of(normedConvolution());
      case "max_pool" ->
          List.of(
              graph.add(
                  "op",
                  new MaxPool(
                      attributes.integer("kernel", 1, 9),
                      attributes.integer("stride", 1, 9),
                      attributes.integer("padding", 0, 9)),
                  value("x")));
      case "layer_norm" -> layerNorm();
      case "group_norm" ->
          List.of(
              graph.add(
                  "op",
                  WeightedOp.of(
                      new GroupNorm(
                          attributes.integer("groups", 1, 99), shape("x").last(), epsilon()),
                      weight("weight"),
                      weight("bias")),
                  value("x")));
      case "global_response_norm" ->
          List.of(
              graph.add(
                  "op",
                  WeightedOp.of(
                      new GlobalResponseNorm(shape("x").last(), epsilon()),
                      weight("weight"),
                      weight("bias")),
                  value("x")));
      case "attention" -> List.of(attention());
      case "deformable_attention" ->
          List.of(
              graph.add(
                  "op",
                  new MsDeformAttention(
                      attributes.integer("heads", 1, 99),
                      shape("value").last() / attributes.integer("heads", 1, 99),
                      levels(),
                      attributes.integer("points", 1, 99),
                      shape("reference").last()),
                  value("value"),
                  value("offsets"),
                  value("logits"),
                  value("reference"),
                  value("ratios")));
      case "box_refinement" -> List.of(boxes());
      case "sine_position" ->
          List.of(
              graph.add(
                  "op",
                  WeightedOp.of(
                      new SinePositionEmbedding(
                          attributes.integer("height", 1, 99),
                          attributes.integer("width", 1, 99),
                          attributes.integer("features", 1, 99),
                          (float) attributes.number("offset"),
                          attributes.integerLists("valid").stream()
                              .map(valid -> new LevelShape(valid.get(0), valid.get(1)))
                              .toList(),
                          true),
                      weight("level"))));
      case EMBEDDING -> embedding();
      default -> throw entry.wrong("op " + entry.string("op"));
    };
  }

  private Value linear() {
    Linear op =
        Linear.of(shape("weight").get(1), shape("weight").get(0)).withActivation(activation());
    List<Value> from = new ArrayList<>(List.of(value("x")));
    List<Weight> with = new ArrayList<>(List.of(weight("weight")));
    if (has("bias")) {
      op = op.withBias();
      with.add(weight("bias"));
    }
    if (has("residual")) {
      op = op.withResidual();
      from.add(value("residual"));
    }
    if (has("mask")) {
      op = op.withRowMask(RowMask.valueOf(attributes.string("row_mask").toUpperCase(Locale.ROOT)));
      from.add(value("mask"));
    }
    return graph.add("op", new WeightedOp<>(op, with), from.toArray(new Value[0]));
  }

  private Convolution geometry() {
    Shape kernel = shape("weight");
    int groups = attributes.integer("groups", 1, 1, 99);
    return Convolution.of(
            kernel.get(1) * groups,
            kernel.get(0),
            new KernelWindow(
                kernel.get(2),
                kernel.get(3),
                attributes.integer("stride", 1, 9),
                attributes.integer("padding", 0, 9),
                attributes.integer("dilation", 1, 9)))
        .withGroups(groups)
        .withActivation(activation());
  }

  private Value convolution() {
    Convolution op = geometry();
    List<Value> from = new ArrayList<>(List.of(value("x")));
    List<Weight> with = new ArrayList<>(List.of(weight("weight")));
    if (has("bias")) {
      op = op.withBias();
      with.add(weight("bias"));
    }
    if (has("residual")) {
      op = op.withResidual();
      from.add(value("residual"));
    }
    return graph.add("op", new WeightedOp<>(op, with), from.toArray(new Value[0]));
  }

  private Value normedConvolution() {
    Weight gamma = weight("norm_weight");
    Weight variance = weight("norm_var");
    double epsilon = attributes.number("epsilon");
    return graph.add(
        "op",
        WeightedOp.of(
            geometry().withBias(),
            DerivedWeight.scaledByNorm(weight("weight"), gamma, variance, epsilon),
            DerivedWeight.normShift(
                gamma, weight("norm_bias"), weight("norm_mean"), variance, epsilon)),
        value("x"));
  }

  private List<Value> layerNorm() {
    LayerNorm op = new LayerNorm(shape("x").last(), epsilon(), has("residual"), has("addend"));
    List<Value> from = new ArrayList<>(List.of(value("x")));
    if (has("residual")) {
      from.add(value("residual"));
    }
    if (has("addend")) {
      from.add(value("addend"));
    }
    return graph.addAll(
        "op", WeightedOp.of(op, weight("weight"), weight("bias")), from.toArray(new Value[0]));
  }

  private Value attention() {
    int heads = attributes.integer("heads", 1, 99);
    Attention op =
        new Attention(
            heads, shape("q").last() / heads, (float) attributes.number("scale"), has("mask"));
    List<Value> from = new ArrayList<>(List.of(value("q"), value("k"), value("v")));
    if (has("mask")) {
      from.add(value("mask"));
    }
    return graph.add("op", op, from.toArray(new Value[0]));
  }

  private Value boxes() {
    BoxRefinement.Reference form =
        BoxRefinement.Reference.valueOf(attributes.string("reference").toUpperCase(Locale.ROOT));
    BoxRefinement op = new BoxRefinement(form, shape("delta").last(), epsilon());
    return form == BoxRefinement.Reference.NONE
        ? graph.add("op", op, value("delta"))
        : graph.add("op", op, value("delta"), value("reference"));
  }

  /** Positions, targets, and references of the positions, as one-stage queries have them. */
  private List<Value> embedding() {
    Shape rows = shape("embedding");
    int half = rows.get(1) / 2;
    Value joint =
        graph.add(
            "joint",
            WeightedOp.of(new WeightValue(1, rows.get(0), rows.get(1)), weight("embedding")));
    Value position = joint.columns("position", 0, half);
    Value points =
        graph.add(
            "points",
            WeightedOp.linear(weight("weight"), weight("bias"), Activation.NONE),
            position);
    Value reference =
        graph.add("reference", new BoxRefinement(BoxRefinement.Reference.NONE, 2, 0f), points);
    return List.of(position, joint.columns("target", half, half), reference);
  }
}
