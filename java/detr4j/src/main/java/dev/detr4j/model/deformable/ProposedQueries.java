package dev.detr4j.model.deformable;

import dev.detr4j.error.ImageException;
import dev.detr4j.model.graph.DerivedWeight;
import dev.detr4j.model.graph.Graph;
import dev.detr4j.model.graph.TrainableModel;
import dev.detr4j.model.graph.Value;
import dev.detr4j.model.layer.BoxHead;
import dev.detr4j.model.layer.LevelConstants;
import dev.detr4j.model.layer.Norm;
import dev.detr4j.model.layer.Parameters;
import dev.detr4j.op.Activation;
import dev.detr4j.op.BoxRefinement;
import dev.detr4j.op.Gather;
import dev.detr4j.op.Linear;
import dev.detr4j.op.ProposalEmbedding;
import dev.detr4j.op.RowMask;
import dev.detr4j.op.TopK;
import dev.detr4j.op.WeightedOp;
import java.util.List;

/**
 * Two-stage queries: the encoder proposes a box at every token, the best become references, and
 * their sine code the queries.
 *
 * <p>Only column 0 of the class head ranks the tokens, so only that column is computed; and the box
 * head runs on the chosen tokens alone. Both give what the original gives, row by row. Where the
 * graph learns, both run on all tokens, as the loss of the proposals looks at all.
 */
final class ProposedQueries implements ObjectQueries {
  private final int dModel;
  private final int proposals;
  private final WeightedOp<Linear> memoryProjection;
  private final Norm memoryNorm;
  private final WeightedOp<Linear> classes;
  private final WeightedOp<Linear> score;
  private final BoxHead boxHead;
  private final WeightedOp<Linear> positionProjection;
  private final Norm positionNorm;

  ProposedQueries(
      Parameters model,
      DeformableDetrConfig config,
      WeightedOp<Linear> classHead,
      BoxHead boxHead) {
    dModel = config.transformer().dModel();
    proposals = config.numQueries();
    memoryProjection =
        model
            .linear("enc_output", dModel, dModel, Activation.NONE)
            .as(op -> op.withRowMask(RowMask.ZERO_INPUT));
    memoryNorm = new Norm(model, "enc_output_norm", dModel);
    classes = classHead.as(Linear::withExactProducts);
    score =
        WeightedOp.linear(
                DerivedWeight.rowRange(
                    "row 0 of " + classHead.weight().name(), classHead.weight(), 0, 1),
                DerivedWeight.rowRange(
                    "row 0 of " + classHead.bias().name(), classHead.bias(), 0, 1),
                Activation.NONE)
            .as(Linear::withExactProducts);
    this.boxHead = boxHead;
    positionProjection =
        model
            .linear("pos_trans", 2 * dModel, 2 * dModel, Activation.NONE)
            .as(Linear::withExactProducts);
    positionNorm = new Norm(model, "pos_trans_norm", 2 * dModel);
  }

  @Override
  public Queries add(Graph.Builder graph, Value memory, LevelConstants levels) {
    Value logits = levels.proposalLogits(graph);
    Value mask = levels.proposalMask(graph);
    Value projected = graph.add("proposals.enc_output", memoryProjection, memory, mask);
    Value output = memoryNorm.add(graph, "proposals.enc_output_norm", projected);
    Value all = graph.isTraining() ? proposeAll(graph, output, logits) : null;
    Value scores =
        all == null
            ? graph.add("proposals.score", score, output)
            : graph
                .named(TrainableModel.ENCODER_LOGITS)
                .columns("proposals.score", 0, 1)
                .detached();
    int places = scores.shape().get(1);
    if (places < proposals) {
      throw new ImageException(
          "the input has %d places to propose boxes at, the model keeps %d proposals: use larger images or fewer proposals"
              .formatted(places, proposals));
    }
    List<Value> best = graph.addAll("proposals.top_k", new TopK(proposals), scores);
    Value indices = best.get(1);
    graph.tap("proposal_index", indices);
    Value reference =
        all == null
            ? choose(graph, output, logits, indices)
            : graph.add("proposals.chosen", new Gather(), all.detached(), indices).detached();
    graph.tap("proposal_boxes", reference);
    Value code = graph.add("proposals.sine", new ProposalEmbedding(dModel / 2), reference);
    Value joint = graph.add("proposals.pos_trans", positionProjection, code);
    Value normed = positionNorm.add(graph, "proposals.pos_trans_norm", joint);
    return new Queries(
        normed.columns("target", dModel, dModel),
        normed.columns("query_position", 0, dModel),
        reference);
  }

  private Value choose(Graph.Builder graph, Value output, Value logits, Value indices) {
    Value chosen = graph.add("proposals.chosen", new Gather(), output, indices);
    Value chosenLogits = graph.add("proposals.chosen_logits", new Gather(), logits, indices);
    Value delta = boxHead.add(graph, "proposals.bbox_embed", chosen);
    return boxes(graph, delta, chosenLogits);
  }

  /** The boxes of all tokens; they and the logits are outputs. */
  private Value proposeAll(Graph.Builder graph, Value output, Value logits) {
    graph.output(TrainableModel.ENCODER_LOGITS, graph.add("proposals.classes", classes, output));
    Value boxes = boxes(graph, boxHead.add(graph, "proposals.bbox_embed", output), logits);
    graph.output(TrainableModel.ENCODER_BOXES, boxes);
    return boxes;
  }

  private static Value boxes(Graph.Builder graph, Value delta, Value logits) {
    return graph.add(
        "proposals.reference",
        new BoxRefinement(BoxRefinement.Reference.LOGITS, 4, 0f),
        delta,
        logits);
  }
}
