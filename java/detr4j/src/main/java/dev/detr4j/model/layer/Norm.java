package dev.detr4j.model.layer;

import dev.detr4j.model.graph.Graph;
import dev.detr4j.model.graph.Value;
import dev.detr4j.op.LayerNorm;
import dev.detr4j.op.WeightedOp;
import java.util.List;

/**
 * A layer normalisation in its place in the graph, with or without the position that the next
 * attention adds.
 */
public final class Norm {
  private final WeightedOp<LayerNorm> plain;
  private final WeightedOp<LayerNorm> positioned;

  /** Reads {@code name.weight} and {@code name.bias}. */
  public Norm(Parameters parameters, String name, int channels) {
    this(parameters, name, channels, 1e-5f);
  }

  /** As above, with another epsilon than 1e-5. */
  public Norm(Parameters parameters, String name, int channels, float epsilon) {
    plain = parameters.layerNorm(name, channels, epsilon);
    positioned = plain.as(LayerNorm::withAddend);
  }

  /** Normalises. */
  public Value add(Graph.Builder graph, String label, Value x) {
    return graph.add(label, plain, x);
  }

  /** Normalises to existing memory. */
  public void addInto(Graph.Builder graph, String label, Value into, Value x) {
    graph.addInto(label, plain, into, x);
  }

  /** Normalises; returns the result and the result plus the position. */
  public List<Value> addPositioned(Graph.Builder graph, String label, Value x, Value position) {
    return graph.addAll(label, positioned, x, position);
  }
}
