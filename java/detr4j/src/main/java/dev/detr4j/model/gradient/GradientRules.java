package dev.detr4j.model.gradient;

import dev.detr4j.model.gradient.Backward.SumOfWeight;
import dev.detr4j.model.graph.DerivedWeight;
import dev.detr4j.model.graph.Value;
import dev.detr4j.op.Activation;
import dev.detr4j.op.Add;
import dev.detr4j.op.Attention;
import dev.detr4j.op.BoxRefinement;
import dev.detr4j.op.Convolution;
import dev.detr4j.op.GlobalResponseNorm;
import dev.detr4j.op.GroupNorm;
import dev.detr4j.op.KernelWindow;
import dev.detr4j.op.LayerNorm;
import dev.detr4j.op.Linear;
import dev.detr4j.op.MaxPool;
import dev.detr4j.op.MsDeformAttention;
import dev.detr4j.op.OpSpec;
import dev.detr4j.op.RowMask;
import dev.detr4j.op.SinePositionEmbedding;
import dev.detr4j.op.WeightedOp;
import dev.detr4j.op.gradient.ActivationGradient;
import dev.detr4j.op.gradient.AttentionGradient;
import dev.detr4j.op.gradient.BoxRefinementGradient;
import dev.detr4j.op.gradient.ConvolutionWeightGradient;
import dev.detr4j.op.gradient.GlobalResponseNormGradient;
import dev.detr4j.op.gradient.GroupNormGradient;
import dev.detr4j.op.gradient.LayerNormGradient;
import dev.detr4j.op.gradient.LinearWeightGradient;
import dev.detr4j.op.gradient.MaxPoolGradient;
import dev.detr4j.op.gradient.MsDeformAttentionGradient;
import dev.detr4j.op.gradient.RowSum;
import dev.detr4j.op.gradient.Spread;
import dev.detr4j.op.gradient.WeightValue;
import dev.detr4j.tensor.Shape;
import dev.detr4j.tensor.Weight;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How the gradient passes each operation: one rule an operation, which adds nodes.
 *
 * <p>By their inputs, linear layers and convolutions go back through themselves with other weights:
 * a matrix transposed, a kernel turned by 180 degrees with its channels swapped; zeros between the
 * pixels of the gradient undo a stride. By their weights, they need products that sum over rows.
 * Everything else has a gradient operation of its own.
 */
final class GradientRules {
  private GradientRules() {}

  /**
   * Adds the nodes that take the gradient of one node back to its inputs and weights.
   *
   * @throws IllegalArgumentException when the operation has no rule
   */
  static void add(OpSpec op, Backward back) {
    switch (op) {
      case Add _ -> add(back);
      case Attention attention -> attention(attention, back);
      case BoxRefinement refinement -> boxRefinement(refinement, back);
      case Convolution convolution -> convolution(convolution, back);
      case GlobalResponseNorm norm ->
          norm(WeightedOp.of(new GlobalResponseNormGradient(norm), back.weight(0)), back);
      case GroupNorm norm -> norm(WeightedOp.of(new GroupNormGradient(norm), back.weight(0)), back);
      case LayerNorm norm -> layerNorm(norm, back);
      case Linear linear -> linear(linear, back);
      case MaxPool pool ->
          back.give(
              "pool",
              WeightedOp.of(new MaxPoolGradient(pool)),
              List.of(0),
              List.of(back.input(0), back.above()));
      case MsDeformAttention attention -> sampling(attention, back);
      case SinePositionEmbedding _ -> rowSum(back);
      case WeightValue value -> weightValue(value, back);
      default ->
          throw new IllegalArgumentException(
              "%s: %s has no gradient rule, so this model cannot be trained yet"
                  .formatted(back.label(), op.getClass().getSimpleName()));
    }
  }

  private static void add(Backward back) {
    back.pass(0, back.above());
    back.pass(1, back.above());
  }

  private static void attention(Attention op, Backward back) {
    List<Value> of = new ArrayList<>(back.inputs());
    of.add(back.above());
    back.give("attention", WeightedOp.of(new AttentionGradient(op)), List.of(0, 1, 2), of);
  }

  private static void boxRefinement(BoxRefinement op, Backward back) {
    boolean moves = op.reference() != BoxRefinement.Reference.NONE && back.wants(1);
    List<Value> of = new ArrayList<>();
    of.add(back.output(0));
    if (moves) {
      of.add(back.input(1));
    }
    of.add(back.above());
    back.give(
        "boxes",
        WeightedOp.of(new BoxRefinementGradient(op, moves)),
        moves ? List.of(0, 1) : List.of(0),
        of);
  }

  private static void sampling(MsDeformAttention op, Backward back) {
    List<Value> of = new ArrayList<>(back.inputs());
    of.add(back.above());
    boolean moves = back.wants(3);
    back.give(
        "sampling",
        WeightedOp.of(new MsDeformAttentionGradient(op, moves)),
        moves ? List.of(0, 1, 2, 3) : List.of(0, 1, 2),
        of);
  }

  private static void rowSum(Backward back) {
    if (back.learns(0)) {
      Value above = back.above();
      SumOfWeight sum = back.sum(0, Shape.of(1, above.shape().last()));
      back.node(
          "level", WeightedOp.of(new RowSum()), List.of(sum.after()), List.of(above, sum.before()));
    }
  }

  private static void weightValue(WeightValue op, Backward back) {
    if (op.batch() != 1) {
      throw new IllegalArgumentException(
          back.label() + ": images are trained one by one, got a batch of " + op.batch());
    }
    if (back.learns(0)) {
      SumOfWeight sum = back.sum(0, Shape.of(1, op.rows(), op.columns()));
      back.node(
          "weight",
          WeightedOp.of(new Add()),
          List.of(sum.after()),
          List.of(back.above(), sum.before()));
    }
  }

  private static void norm(WeightedOp<?> gradient, Backward back) {
    norm(gradient, List.of(back.input(0), back.above()), back);
  }

  /** A gradient of input 0 with the sums of weight and bias behind it. */
  private static Value norm(WeightedOp<?> gradient, List<Value> inputs, Backward back) {
    SumOfWeight weight = back.sum(0);
    SumOfWeight bias = back.sum(1);
    List<Value> of = new ArrayList<>(inputs);
    of.add(weight.before());
    of.add(bias.before());
    Value place = back.place(0);
    back.node("norm", gradient, List.of(place, weight.after(), bias.after()), of);
    back.made(0, place);
    return place;
  }

  private static void layerNorm(LayerNorm op, Backward back) {
    Value above = back.above(0);
    if (op.hasAddend()) {
      Value ofSum = back.above(1);
      if (ofSum != null) {
        back.pass(op.hasResidual() ? 2 : 1, ofSum);
        above = above == null ? ofSum : back.add("both", new Add(), above, ofSum);
      }
    }
    if (above == null) {
      throw new IllegalStateException("nothing gave a gradient to " + back.label());
    }
    LayerNorm plain = new LayerNorm(op.channels(), op.epsilon(), op.hasResidual(), false);
    List<Value> of = new ArrayList<>();
    of.add(back.input(0));
    if (op.hasResidual()) {
      of.add(back.input(1));
    }
    of.add(above);
    Value ds = norm(WeightedOp.of(new LayerNormGradient(plain), back.weight(0)), of, back);
    if (op.hasResidual()) {
      back.pass(1, ds);
    }
  }

  private static void linear(Linear op, Backward back) {
    if (op.hasResidual() && op.rowMask() == RowMask.ZERO_OUTPUT) {
      throw new IllegalArgumentException(back.label() + ": a masked residual has no gradient rule");
    }
    Linear sum =
        new Linear(
            op.inFeatures(),
            op.outFeatures(),
            op.hasBias(),
            Activation.NONE,
            op.hasResidual(),
            op.rowMask(),
            op.exact());
    Value dz = behindActivation(op.activation(), sum, back);
    if (op.hasResidual()) {
      back.pass(1, dz);
    }
    boolean masked = op.rowMask() != RowMask.NONE;
    boolean bias = back.learns(1);
    if (back.learns(0) || bias) {
      Linear plain = Linear.of(op.inFeatures(), op.outFeatures()).withRowMask(op.rowMask());
      List<Value> of = new ArrayList<>(List.of(back.input(0), dz));
      if (masked) {
        of.add(back.lastInput());
      }
      weightProduct(new LinearWeightGradient(bias ? plain.withBias() : plain), of, bias, back);
    }
    if (back.wants(0)) {
      Linear way = Linear.of(op.outFeatures(), op.inFeatures());
      if (masked) {
        way = way.withRowMask(RowMask.ZERO_INPUT);
      }
      if (op.exact()) {
        way = way.withExactProducts();
      }
      WeightedOp<Linear> plain = WeightedOp.of(way, DerivedWeight.transposed(back.weight(0)));
      back.product(
          0,
          soFar -> {
            List<Value> of = new ArrayList<>(List.of(dz));
            if (soFar != null) {
              of.add(soFar);
            }
            if (masked) {
              of.add(back.lastInput());
            }
            return back.add(
                "input",
                soFar == null ? plain : plain.as(Linear::withResidual),
                of.toArray(new Value[0]));
          });
    }
  }

  private static void weightProduct(OpSpec op, List<Value> operands, boolean bias, Backward back) {
    SumOfWeight weight = back.sum(0);
    List<Value> of = new ArrayList<>(operands);
    of.add(weight.before());
    List<Value> places = new ArrayList<>(List.of(weight.after()));
    if (bias) {
      SumOfWeight ofBias = back.sum(1);
      of.add(ofBias.before());
      places.add(ofBias.after());
    }
    back.node("weight", WeightedOp.of(op), places, of);
  }

  /**
   * The gradient behind the activation.
   *
   * @param sum the operation without it, to compute anew what the activation took
   */
  private static Value behindActivation(Activation activation, OpSpec sum, Backward back) {
    return switch (activation) {
      case NONE -> back.above();
      case RELU ->
          back.add("activation", new ActivationGradient(activation), back.above(), back.output(0));
      case GELU ->
          back.add(
              "activation",
              new ActivationGradient(activation),
              back.above(),
              back.add(
                  "sum",
                  new WeightedOp<>(sum, back.weights()),
                  back.inputs().toArray(new Value[0])));
      case SILU ->
          throw new IllegalArgumentException(
              back.label() + ": SiLU has no gradient rule, so this model cannot be trained yet");
    };
  }

  private static void convolution(Convolution op, Backward back) {
    Convolution sum =
        new Convolution(
            op.inChannels(),
            op.outChannels(),
            op.window(),
            op.groups(),
            op.hasBias(),
            Activation.NONE,
            op.hasResidual());
    Value dz = behindActivation(op.activation(), sum, back);
    if (op.hasResidual()) {
      back.pass(1, dz);
    }
    boolean bias = back.learns(1);
    if (back.learns(0) || bias) {
      Convolution plain =
          Convolution.of(op.inChannels(), op.outChannels(), op.window()).withGroups(op.groups());
      weightProduct(
          new ConvolutionWeightGradient(bias ? plain.withBias() : plain),
          List.of(back.input(0), dz),
          bias,
          back);
    }
    if (back.wants(0)) {
      back.product(0, soFar -> convolutionInput(op, dz, soFar, back));
    }
  }

  private static Value convolutionInput(
      Convolution op, Value dz, @Nullable Value soFar, Backward back) {
    KernelWindow window = op.window();
    if (window.height() != window.width()) {
      throw new IllegalArgumentException(
          "%s: a kernel of %d x %d has no gradient rule"
              .formatted(back.label(), window.height(), window.width()));
    }
    Shape in = back.input(0).shape();
    int reach = window.dilation() * (window.height() - 1);
    KernelWindow turned =
        new KernelWindow(
            window.height(), window.width(), 1, reach - window.padding(), window.dilation());
    Convolution way =
        Convolution.of(op.outChannels(), op.inChannels(), turned).withGroups(op.groups());
    Weight weight = DerivedWeight.turned(back.weight(0), op.groups());
    if (window.stride() > 1 && reach == 0) {
      // Of a single tap, the other pixels get nothing: the product runs on few pixels.
      Value few = back.add("input", WeightedOp.of(way, weight), dz);
      Value spread = back.add("spread", new Spread(window.stride(), in.get(1), in.get(2)), few);
      return soFar == null ? spread : back.add("sum", new Add(), spread, soFar);
    }
    Value pixels =
        window.stride() == 1
            ? dz
            : back.add(
                "spread",
                new Spread(
                    window.stride(),
                    in.get(1) + 2 * window.padding() - reach,
                    in.get(2) + 2 * window.padding() - reach),
                dz);
    return soFar == null
        ? back.add("input", WeightedOp.of(way, weight), pixels)
        : back.add("input", WeightedOp.of(way.withResidual(), weight), pixels, soFar);
  }
}
