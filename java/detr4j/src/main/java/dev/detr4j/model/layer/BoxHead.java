package dev.detr4j.model.layer;

import dev.detr4j.model.graph.Graph;
import dev.detr4j.model.graph.Value;
import dev.detr4j.op.Activation;
import dev.detr4j.op.Linear;
import dev.detr4j.op.WeightedOp;
import java.util.ArrayList;
import java.util.List;

/** The box head: three linear layers with ReLU between, {@code dModel} to 4. */
public final class BoxHead {
  private static final int LAYERS = 3;
  private final List<WeightedOp<Linear>> layers = new ArrayList<>();

  /** Reads {@code layers.0 .. layers.2} below the prefix. */
  public BoxHead(Parameters parameters, int dModel) {
    this(parameters, dModel, 4);
  }

  /** As above, to another number of columns. */
  public BoxHead(Parameters parameters, int dModel, int columns) {
    for (int i = 0; i < LAYERS; i++) {
      boolean last = i == LAYERS - 1;
      layers.add(
          parameters
              .linear(
                  "layers." + i,
                  dModel,
                  last ? columns : dModel,
                  last ? Activation.NONE : Activation.RELU)
              .as(Linear::withExactProducts));
    }
  }

  /** Adds the nodes; returns the deltas {@code [N, Q, columns]}. */
  public Value add(Graph.Builder graph, String label, Value x) {
    Value y = x;
    for (int i = 0; i < LAYERS; i++) {
      y = graph.add(label + "." + i, layers.get(i), y);
    }
    return y;
  }
}
