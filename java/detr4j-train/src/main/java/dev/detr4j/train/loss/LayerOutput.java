package dev.detr4j.train.loss;

import java.lang.foreign.MemorySegment;

/**
 * The predictions of one decoder layer, or of the proposals, and the memory for their gradients.
 * All segments are float32 in native order and belong to the caller.
 *
 * @param logits {@code [images, queries, classes]}
 * @param boxes {@code [images, queries, 4]}: centre x, centre y, width, height
 * @param logitGradient as {@code logits}; overwritten
 * @param boxGradient as {@code boxes}; overwritten
 */
public record LayerOutput(
    Stage stage,
    int images,
    int queries,
    int classes,
    MemorySegment logits,
    MemorySegment boxes,
    MemorySegment logitGradient,
    MemorySegment boxGradient) {
  /** Checks the sizes of the segments. */
  public LayerOutput {
    long scores = 4L * images * queries * classes;
    long corners = 16L * images * queries;
    check("logits", logits, scores);
    check("boxes", boxes, corners);
    check("the gradient of logits", logitGradient, scores);
    check("the gradient of boxes", boxGradient, corners);
  }

  private static void check(String name, MemorySegment segment, long bytes) {
    if (segment.byteSize() < bytes) {
      throw new IllegalArgumentException(
          "%s have %d bytes, expected %d".formatted(name, segment.byteSize(), bytes));
    }
  }

  /**
   * Where in the model the predictions come from.
   *
   * @param index of the decoder layer counted from 0, or -1 for the last one, -2 for the proposals
   */
  public record Stage(int index) {
    /** The last decoder layer: the model's output. */
    public static final Stage LAST = new Stage(-1);

    /** The proposals of the encoder of a two-stage model: all tokens. */
    public static final Stage ENCODER = new Stage(-2);

    /** A decoder layer before the last. */
    public static Stage auxiliary(int layer) {
      if (layer < 0) {
        throw new IllegalArgumentException("layer " + layer);
      }
      return new Stage(layer);
    }

    /** What the originals append to the names of losses: nothing, {@code _0}, {@code _enc}. */
    public String suffix() {
      return index == -1 ? "" : index == -2 ? "_enc" : "_" + index;
    }

    /** What messages call it. */
    @Override
    public String toString() {
      return index == -1
          ? "last decoder layer"
          : index == -2 ? "proposals of the encoder" : "decoder layer " + index;
    }
  }
}
