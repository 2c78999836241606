package dev.detr4j.model.graph;

import dev.detr4j.op.LevelShape;

/**
 * A detector's network with its weights: makes the graph for any input size.
 *
 * <p>The graph has one input {@code pixel_values} F32 {@code [N, H, W, 3]} and the outputs {@code
 * logits} {@code [N, Q, K]} and {@code pred_boxes} {@code [N, Q, 4]} (cx, cy, w, h in 0..1 of the
 * unpadded image). Immutable and thread-safe; the weights stay in their checkpoint, which must
 * outlive the packing.
 */
public interface DetectionModel {
  /** The name of the graph's input. */
  String PIXEL_VALUES = "pixel_values";

  /** The name of the class logits. */
  String LOGITS = "logits";

  /** The name of the boxes. */
  String PRED_BOXES = "pred_boxes";

  /** Boxes that one image gets. */
  int numQueries();

  /** Logits of one box. */
  int numLogits();

  /**
   * The graph for one input size.
   *
   * @throws dev.detr4j.error.ImageException when the input is too small for the network
   */
  Graph graph(ModelInput input);

  /** The largest map of the network for one image, for a check of memory before planning. */
  default LevelShape stem(int height, int width) {
    return new LevelShape((height + 1) / 2, (width + 1) / 2);
  }
}
