package dev.detr4j.op;

import dev.detr4j.tensor.ElementType;
import dev.detr4j.tensor.Shape;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One fused operation of the graph: what is computed, never how.
 *
 * <p>Each record states its inputs and outputs in order, with layouts and edge behaviour. Every
 * backend implements every record in a class of its own, and the parity suite enumerates the
 * records, so an operation without a kernel or a test fails the build. Records are immutable; two
 * nodes with the same {@link dev.detr4j.tensor.Weight} share one packed copy.
 */
public sealed interface OpSpec
    permits Add,
        Attention,
        BoxRefinement,
        Convolution,
        Gather,
        GlobalResponseNorm,
        GroupNorm,
        LayerNorm,
        Linear,
        MaxPool,
        MsDeformAttention,
        Nms,
        ProposalEmbedding,
        ResizeNormalize,
        SinePositionEmbedding,
        SoftNms,
        TopK {

  /**
   * The outputs for these inputs.
   *
   * @throws IllegalArgumentException when the inputs do not fit; the message says which and why
   */
  List<Output> outputs(List<Shape> inputs);

  /** The type and shape of one output. */
  record Output(ElementType type, Shape shape) {
    static Output f32(int... extents) {
      return new Output(ElementType.F32, Shape.of(extents));
    }

    static Output f32(Shape shape) {
      return new Output(ElementType.F32, shape);
    }

    static Output i32(int... extents) {
      return new Output(ElementType.I32, Shape.of(extents));
    }
  }

  /** Throws unless {@code holds}. */
  static void require(boolean holds, String what, @Nullable Object seen) {
    if (!holds) {
      throw new IllegalArgumentException(what + ", got " + seen);
    }
  }
}
