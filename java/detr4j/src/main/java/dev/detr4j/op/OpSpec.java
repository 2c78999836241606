package dev.detr4j.op;

import dev.detr4j.tensor.ElementType;
import dev.detr4j.tensor.Shape;
import dev.detr4j.tensor.Weight;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One fused operation of the graph: what is computed, never how.
 *
 * <p>Each record states its inputs and outputs in order, with layouts and edge behaviour. Every
 * backend implements every record in a class of its own, and the parity suite enumerates the
 * records, so an operation without a kernel or a test fails the build. Records are immutable.
 *
 * <p>An operation has geometry and flags, and no numbers that a training would change: its weights
 * are operands beside its inputs. {@link #weights} lists them, the node that uses the operation
 * names them.
 */
public sealed interface OpSpec
    permits Add,
        Attention,
        AveragePool,
        BoxRefinement,
        CellAttention,
        Clamp,
        Convolution,
        DistanceBoxes,
        Gate,
        Gather,
        GlobalResponseNorm,
        GradientOp,
        GroupNorm,
        LayerNorm,
        Linear,
        MaxPool,
        MsDeformAttention,
        Multiply,
        Nms,
        ProposalEmbedding,
        ResizeNormalize,
        RowMax,
        SelectionOp,
        SinePositionEmbedding,
        SoftNms,
        TopK,
        TopProbabilities,
        Upsample {

  /**
   * The outputs for these inputs.
   *
   * @throws IllegalArgumentException when the inputs do not fit; the message says which and why
   */
  List<Output> outputs(List<Shape> inputs);

  /**
   * The weights that this operation takes beside its inputs, in order. Empty unless the record says
   * otherwise.
   */
  default List<WeightSpec> weights() {
    return List.of();
  }

  /**
   * One weight operand.
   *
   * @param role what it is in the formula, as in {@code bias}
   * @param shape its extents; a vector may come in any shape of as many elements
   */
  record WeightSpec(String role, Shape shape) {
    public static WeightSpec of(String role, int... extents) {
      return new WeightSpec(role, Shape.of(extents));
    }

    /** The weights of a product: its matrix or kernel, and a bias if it has one. */
    public static List<WeightSpec> product(boolean hasBias, int... kernel) {
      WeightSpec weight = of("weight", kernel);
      return hasBias ? List.of(weight, of("bias", kernel[0])) : List.of(weight);
    }

    /** The weights of a normalisation. */
    public static List<WeightSpec> scaleAndShift(int channels) {
      return List.of(of("weight", channels), of("bias", channels));
    }

    /** Whether a weight of that shape can stand here. */
    public boolean accepts(Shape given) {
      return given.equals(shape) || (shape.rank() == 1 && given.elements() == shape.elements());
    }
  }

  /**
   * Throws unless the weights are those that an operation takes.
   *
   * @throws IllegalArgumentException that names the role, what was expected and what was given
   */
  static void requireWeights(OpSpec op, List<Weight> weights) {
    List<WeightSpec> expected = op.weights();
    String kind = op.getClass().getSimpleName();
    require(
        weights.size() == expected.size(),
        kind + " takes " + expected.size() + " weights",
        weights.size());
    for (int i = 0; i < weights.size(); i++) {
      WeightSpec spec = expected.get(i);
      Weight weight = weights.get(i);
      require(
          spec.accepts(weight.shape()),
          kind + " takes a " + spec.role() + " of shape " + spec.shape(),
          weight.name() + " " + weight.shape());
    }
  }

  /** The type and shape of one output. */
  record Output(ElementType type, Shape shape) {
    public static Output f32(int... extents) {
      return new Output(ElementType.F32, Shape.of(extents));
    }

    public static Output f32(Shape shape) {
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
