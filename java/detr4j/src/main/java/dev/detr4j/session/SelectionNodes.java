package dev.detr4j.session;

import dev.detr4j.backend.Backend;
import dev.detr4j.model.graph.DetectionModel;
import dev.detr4j.model.graph.Graph;
import dev.detr4j.model.graph.Value;
import dev.detr4j.op.SelectionOp;
import dev.detr4j.op.SoftNms;
import dev.detr4j.op.WeightedOp;
import dev.detr4j.postprocess.Postprocessing;
import dev.detr4j.tensor.ElementType;
import dev.detr4j.tensor.Shape;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The nodes behind a network that select its detections where it runs: they are steps of its plan,
 * and what a call brings back is what they leave. {@link DeviceSelection} reads it.
 *
 * @param rule the selection
 * @param suppression of what it selects, image by image, or null for none
 */
public record SelectionNodes(SelectionOp rule, @Nullable SoftNms suppression) {
  /** The input: width and height of each image in pixels. */
  static final String EXTENTS = "selection.extents";

  static final String CORNERS = "selection.corners";

  /** In the order of suppression where there is one, else in that of the corners. */
  static final String SCORES = "selection.scores";

  static final String LABELS = "selection.labels";
  static final String QUERIES = "selection.queries";
  static final String FINITE = "selection.finite";

  /** With suppression: the entries that are left, and how many of each image. */
  static final String KEPT = "selection.kept";

  static final String KEPT_COUNT = "selection.kept_count";

  private static final String LABEL = "selection";

  /**
   * What follows a network on a backend, or null where the processors select.
   *
   * @param suppression of what is selected, or null for none
   */
  public static @Nullable SelectionNodes of(
      Backend backend, Postprocessing postprocessing, @Nullable SoftNms suppression) {
    SelectionOp rule = backend.hasOwnMemory() ? postprocessing.operation() : null;
    return rule == null ? null : new SelectionNodes(rule, suppression);
  }

  /** The network with these nodes behind it. */
  public Graph behind(Graph network) {
    Graph.Builder graph = Graph.Builder.after(network);
    Value logits = graph.named(DetectionModel.LOGITS);
    Value boxes = graph.named(DetectionModel.PRED_BOXES);
    int batch = logits.shape().get(0);
    Value extents = graph.input(EXTENTS, ElementType.F32, Shape.of(batch, 1, 2));
    List<Value> selected = graph.addAll(LABEL, rule, logits, boxes, extents);
    Value corners = selected.get(0);
    Value scores = selected.get(1);
    Value labels = selected.get(2);
    graph.output(CORNERS, corners);
    graph.output(LABELS, labels);
    graph.output(QUERIES, selected.get(3));
    graph.output(FINITE, selected.get(4));
    if (suppression == null) {
      graph.output(SCORES, scores);
      return graph.build();
    }
    Value keptScores = graph.joint(SCORES, ElementType.F32, scores.shape());
    Value kept = graph.joint(KEPT, ElementType.I32, scores.shape());
    Value count = graph.joint(KEPT_COUNT, ElementType.I32, Shape.of(batch, 1));
    for (int i = 0; i < batch; i++) {
      graph.addInto(
          LABEL + ".suppression",
          WeightedOp.of(suppression),
          List.of(keptScores.item(i), kept.item(i), count.item(i)),
          corners.item(i),
          scores.item(i),
          labels.item(i));
    }
    graph.output(SCORES, keptScores);
    graph.output(KEPT, kept);
    graph.output(KEPT_COUNT, count);
    return graph.build();
  }
}
