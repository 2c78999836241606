package dev.detr4j.model.deformable;

import dev.detr4j.model.graph.Graph;
import dev.detr4j.model.graph.Value;
import dev.detr4j.model.layer.HostConstants;
import dev.detr4j.model.layer.LevelConstants;
import dev.detr4j.model.layer.Parameters;
import dev.detr4j.op.Activation;
import dev.detr4j.op.BoxRefinement;
import dev.detr4j.op.Linear;
import dev.detr4j.op.WeightedOp;
import dev.detr4j.tensor.Weight;

/**
 * One-stage queries: an embedding {@code [Q, 2 dModel]} holds the positions, then the targets; the
 * references follow from the positions.
 */
final class LearnedQueries implements ObjectQueries {
  private final int dModel;
  private final Weight embedding;
  private final WeightedOp<Linear> referencePoints;

  LearnedQueries(Parameters model, DeformableDetrConfig config) {
    dModel = config.transformer().dModel();
    embedding = model.tensor("query_position_embeddings.weight", config.numQueries(), 2 * dModel);
    referencePoints =
        model.linear("reference_points", dModel, 2, Activation.NONE).as(Linear::withExactProducts);
  }

  @Override
  public Queries add(Graph.Builder graph, Value memory, LevelConstants levels) {
    Value joint = HostConstants.weight(graph, "query_embed", embedding, memory.shape().get(0));
    Value position = joint.columns("query_position", 0, dModel);
    Value target = joint.columns("target", dModel, dModel);
    Value points = graph.add("reference_points", referencePoints, position);
    Value reference =
        graph.add(
            "reference_points.sigmoid",
            new BoxRefinement(BoxRefinement.Reference.NONE, 2, 0f),
            points);
    return new Queries(target, position, reference);
  }
}
