package dev.detr4j.model.family;

import dev.detr4j.model.graph.Graph;
import dev.detr4j.model.graph.Value;
import java.util.List;

/** A network that turns an image into feature maps. Immutable and thread-safe. */
public interface Backbone {
  /**
   * Adds the nodes.
   *
   * @param image {@code [N, H, W, 3]}, normalised
   * @return the output of each stage up to the last that the neck takes, {@code [N, h, w, C]}
   */
  List<Value> add(Graph.Builder graph, Value image);
}
