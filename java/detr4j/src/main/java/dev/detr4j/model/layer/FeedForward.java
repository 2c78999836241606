package dev.detr4j.model.layer;

import dev.detr4j.model.graph.Graph;
import dev.detr4j.model.graph.Value;
import dev.detr4j.op.Activation;
import dev.detr4j.op.Linear;
import dev.detr4j.op.WeightedOp;

/**
 * The feed-forward network of a transformer layer: expand, activate, contract, add the residual.
 */
public final class FeedForward {
  private final WeightedOp<Linear> expand;
  private final WeightedOp<Linear> contract;

  /** Reads {@code mlp.fc1} and {@code mlp.fc2} below the prefix. */
  public FeedForward(Parameters parameters, int dModel, int ffnDim, Activation activation) {
    expand = parameters.linear("mlp.fc1", dModel, ffnDim, activation);
    contract =
        parameters.linear("mlp.fc2", ffnDim, dModel, Activation.NONE).as(Linear::withResidual);
  }

  /** Adds the nodes; returns {@code x + ffn(x)}, before its normalisation. */
  public Value add(Graph.Builder graph, String label, Value x) {
    return add(graph, label, x, x);
  }

  /** Adds the nodes of a layer that normalises first; returns {@code residual + ffn(x)}. */
  public Value add(Graph.Builder graph, String label, Value residual, Value x) {
    Value hidden = graph.add(label + ".fc1", expand, x);
    return graph.add(label + ".fc2", contract, hidden, residual);
  }
}
