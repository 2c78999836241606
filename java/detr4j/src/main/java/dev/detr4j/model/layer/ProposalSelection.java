package dev.detr4j.model.layer;

import dev.detr4j.error.ImageException;
import dev.detr4j.model.graph.Graph;
import dev.detr4j.model.graph.Value;
import dev.detr4j.op.Activation;
import dev.detr4j.op.BoxRefinement;
import dev.detr4j.op.Gather;
import dev.detr4j.op.Linear;
import dev.detr4j.op.RowMask;
import dev.detr4j.op.RowMax;
import dev.detr4j.op.TopK;
import dev.detr4j.op.WeightedOp;

/**
 * The queries of RT-DETR and D-FINE: each token proposes a box, and those whose best class has the
 * highest scores become queries, with their features as content.
 *
 * <p>The box head runs on the chosen tokens alone, which gives the same rows.
 */
public final class ProposalSelection {
  private final int queries;
  private final WeightedOp<Linear> projection;
  private final Norm norm;
  private final WeightedOp<Linear> score;
  private final BoxHead boxHead;

  /** Content {@code [N, Q, dModel]} and boxes {@code [N, Q, 4]} of the queries. */
  public record Chosen(Value target, Value reference) {}

  /** Reads {@code enc_output.*}, {@code enc_score_head} and {@code enc_bbox_head}. */
  public ProposalSelection(Parameters model, int dModel, int queries, int classes, float epsilon) {
    this.queries = queries;
    projection =
        model
            .linear("enc_output.0", dModel, dModel, Activation.NONE)
            .as(op -> op.withRowMask(RowMask.ZERO_INPUT));
    norm = new Norm(model, "enc_output.1", dModel, epsilon);
    score =
        model
            .linear("enc_score_head", dModel, classes, Activation.NONE)
            .as(Linear::withExactProducts);
    boxHead = new BoxHead(model.under("enc_bbox_head"), dModel);
  }

  /**
   * Adds the nodes, and the taps {@code proposal_index} and {@code proposal_boxes}.
   *
   * @param memory {@code [N, S, dModel]}
   * @throws ImageException when there are fewer tokens than queries
   */
  public Chosen add(Graph.Builder graph, Value memory, LevelConstants levels) {
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
    Value indices = graph.addAll("proposals.top_k", new TopK(queries), best).get(1);
    graph.tap("proposal_index", indices);
    Value target = graph.add("proposals.chosen", new Gather(), output, indices);
    Value anchors =
        graph.add("proposals.chosen_anchors", new Gather(), levels.proposalLogits(graph), indices);
    Value delta = boxHead.add(graph, "proposals.bbox_head", target);
    Value reference =
        graph.add(
            "proposals.reference",
            new BoxRefinement(BoxRefinement.Reference.LOGITS, 4, 0f),
            delta,
            anchors);
    graph.tap("proposal_boxes", reference);
    return new Chosen(target, reference);
  }
}
