package dev.detr4j.model.deformable;

import dev.detr4j.model.graph.Graph;
import dev.detr4j.model.graph.Value;
import dev.detr4j.model.layer.LevelConstants;

/** Where the decoder's object queries come from: learned, or proposed by the encoder. */
sealed interface ObjectQueries permits LearnedQueries, ProposedQueries {
  /**
   * Target, position and reference of the queries.
   *
   * @param target {@code [N, Q, dModel]}
   * @param position {@code [N, Q, dModel]}
   * @param reference {@code [N, Q, 2 | 4]} in 0..1
   */
  record Queries(Value target, Value position, Value reference) {}

  /**
   * Adds the nodes.
   *
   * @param memory the encoder's output {@code [N, S, dModel]}
   */
  Queries add(Graph.Builder graph, Value memory, LevelConstants levels);
}
