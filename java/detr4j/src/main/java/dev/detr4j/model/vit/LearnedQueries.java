package dev.detr4j.model.vit;

import dev.detr4j.error.ImageException;
import dev.detr4j.model.graph.DerivedWeight;
import dev.detr4j.model.graph.Graph;
import dev.detr4j.model.graph.Value;
import dev.detr4j.model.layer.BoxHead;
import dev.detr4j.model.layer.HostConstants;
import dev.detr4j.model.layer.LevelConstants;
import dev.detr4j.model.layer.Norm;
import dev.detr4j.model.layer.Parameters;
import dev.detr4j.op.Activation;
import dev.detr4j.op.Add;
import dev.detr4j.op.BoxRefinement;
import dev.detr4j.op.Gather;
import dev.detr4j.op.Linear;
import dev.detr4j.op.RowMask;
import dev.detr4j.op.RowMax;
import dev.detr4j.op.TopK;
import dev.detr4j.op.WeightedOp;
import dev.detr4j.tensor.Weight;

/**
 * Queries whose content is learned, in boxes that tokens propose (mixed query selection, Zhang et
 * al. 2023): the boxes of the tokens whose best class has the highest scores, each moved and scaled
 * by what its rank has learned.
 *
 * <p>The box head runs on the chosen tokens alone, which gives the same rows.
 */
final class LearnedQueries {
  private static final float EPSILON = 1e-5f;
  static final BoxRefinement RELATIVE = new BoxRefinement(BoxRefinement.Reference.RELATIVE, 4, 0f);

  private final int queries;
  private final WeightedOp<Linear> projection;
  private final Norm norm;
  private final WeightedOp<Linear> score;
  private final BoxHead boxHead;
  private final Weight shifts;
  private final Weight contents;

  /** Content {@code [N, Q, dModel]} and boxes {@code [N, Q, 4]} of the queries. */
  record Chosen(Value target, Value reference) {}

  /** Reads the first group of everything that has one. */
  LearnedQueries(Parameters model, VitDetrConfig config) {
    queries = config.numQueries();
    int dModel = config.transformer().dModel();
    projection =
        model
            .linear("enc_output.0", dModel, dModel, Activation.NONE)
            .as(op -> op.withRowMask(RowMask.ZERO_INPUT));
    norm = new Norm(model, "enc_output_norm.0", dModel, EPSILON);
    score =
        model
            .linear("enc_out_class_embed.0", dModel, config.numLogits(), Activation.NONE)
            .as(Linear::withExactProducts);
    boxHead = new BoxHead(model.under("enc_out_bbox_embed.0"), dModel);
    int rows = queries * config.groups();
    shifts = first(model.tensor("reference_point_embed.weight", rows, 4));
    contents = first(model.tensor("query_feat.weight", rows, dModel));
  }

  private Weight first(Weight groups) {
    return DerivedWeight.rowRange("group 0 of " + groups.name(), groups, 0, queries);
  }

  /**
   * Adds the nodes, and the taps {@code proposal_index}, {@code proposal_raw} and {@code
   * proposal_boxes}.
   *
   * @param memory {@code [N, S, dModel]}
   * @throws ImageException when there are fewer tokens than queries
   */
  Chosen add(Graph.Builder graph, Value memory, LevelConstants levels) {
    int batch = memory.shape().get(0);
    int tokens = memory.shape().get(1);
    if (tokens < queries) {
      throw new ImageException(
          "the input has %d places to propose boxes at, the model keeps %d proposals: use larger images or fewer proposals"
              .formatted(tokens, queries));
    }
    Value projected =
        graph.add("proposals.enc_output", projection, memory, levels.proposalMask(graph));
    Value output = norm.add(graph, "proposals.enc_output_norm", projected);
    Value scores = graph.add("proposals.scores", score, output);
    Value best = graph.add("proposals.best_class", new RowMax(), scores);
    if (!levels.allUsable()) {
      best = graph.add("proposals.usable", new Add(), best, levels.proposalPenalty(graph));
    }
    Value indices = graph.addAll("proposals.top_k", new TopK(queries), best).get(1);
    graph.tap("proposal_index", indices);
    Value chosen = graph.add("proposals.chosen", new Gather(), output, indices);
    Value places =
        graph.add("proposals.chosen_places", new Gather(), levels.proposals(graph), indices);
    Value delta = boxHead.add(graph, "proposals.bbox_head", chosen);
    Value proposed = graph.add("proposals.boxes", RELATIVE, delta, places);
    graph.tap("proposal_raw", proposed);
    Value shift = HostConstants.weight(graph, "reference_point_embed", shifts, batch);
    Value reference = graph.add("proposals.reference", RELATIVE, shift, proposed);
    graph.tap("proposal_boxes", reference);
    return new Chosen(HostConstants.weight(graph, "query_feat", contents, batch), reference);
  }
}
