package dev.detr4j.model.layer;

import dev.detr4j.model.graph.Graph;
import dev.detr4j.model.graph.ModelInput;
import dev.detr4j.model.graph.Value;
import dev.detr4j.op.Convolution;
import dev.detr4j.op.KernelWindow;
import dev.detr4j.op.LevelShape;
import dev.detr4j.op.SinePositionEmbedding;
import dev.detr4j.op.WeightedOp;
import dev.detr4j.tensor.Shape;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The neck of DETR and the families that share it (Carion et al. 2020): a 1x1 convolution brings
 * the last map of the backbone to {@code dModel} channels; its cells are the tokens of the encoder,
 * with their sine position.
 */
public final class LastMap {
  private final int dModel;
  private final WeightedOp<Convolution> projection;

  /** Reads {@code input_projection.weight} and {@code input_projection.bias}. */
  public LastMap(Parameters model, int width, int dModel) {
    this.dModel = dModel;
    projection =
        model.weighted(
            Convolution.of(width, dModel, KernelWindow.PIXEL).withBias(),
            "input_projection.weight",
            "input_projection.bias");
  }

  /**
   * The tokens of one input.
   *
   * @param features {@code [N, S, dModel]}
   * @param position {@code [N, S, dModel]}
   * @param keyMask U8 {@code [N, S]}, or null when nothing is padded
   */
  public record Tokens(Value features, Value position, @Nullable Value keyMask) {}

  /** Adds the nodes, and the taps {@code backbone.i} and {@code input_proj.0}. */
  public Tokens add(Graph.Builder graph, ModelInput input, List<Value> stages) {
    for (int i = 0; i < stages.size(); i++) {
      graph.tap("backbone." + i, stages.get(i));
    }
    Value map = graph.add("input_projection", projection, stages.getLast());
    graph.tap("input_proj.0", map);
    LevelShape level = new LevelShape(map.shape().get(1), map.shape().get(2));
    Shape tokens = Shape.of(input.batch(), level.cells(), dModel);
    List<LevelShape> valid = input.valid(level);
    Value position =
        graph
            .add(
                "position",
                new SinePositionEmbedding(
                    level.height(), level.width(), dModel / 2, 0f, valid, false))
            .reshaped(tokens);
    Value keyMask =
        input.padded()
            ? HostConstants.validTokens(graph, "mask", List.of(level), List.of(valid))
            : null;
    return new Tokens(map.reshaped(tokens), position, keyMask);
  }
}
