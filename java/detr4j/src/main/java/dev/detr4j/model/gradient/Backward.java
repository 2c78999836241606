package dev.detr4j.model.gradient;

import dev.detr4j.model.graph.Graph;
import dev.detr4j.model.graph.Node;
import dev.detr4j.model.graph.Value;
import dev.detr4j.op.OpSpec;
import dev.detr4j.op.WeightedOp;
import dev.detr4j.op.gradient.ConvolutionWeightGradient;
import dev.detr4j.tensor.ElementType;
import dev.detr4j.tensor.Shape;
import dev.detr4j.tensor.Weight;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** One node on the way back: what its rule can ask, and where it puts what it adds. */
final class Backward {
  private final Graph.Builder graph;
  private final Node node;
  private final Map<Value, Weight> weights;
  private final WeightSums sums;
  private final ValueGradients gradients;
  private final Predicate<Value> learns;
  private final Function<Value, Value> now;
  private final String label;

  /**
   * Of one node.
   *
   * @param learns whether the maker of a value wants its gradient
   * @param now where a value of the forward part is found: it may have been computed anew
   */
  Backward(
      Graph.Builder graph,
      Node node,
      Map<Value, Weight> weights,
      WeightSums sums,
      ValueGradients gradients,
      Predicate<Value> learns,
      Function<Value, Value> now) {
    this.graph = graph;
    this.node = node;
    this.weights = weights;
    this.sums = sums;
    this.gradients = gradients;
    this.learns = learns;
    this.now = now;
    this.label = node.label() + ".backward";
  }

  String label() {
    return label;
  }

  /** The value of an input. */
  Value input(int index) {
    return now.apply(node.inputs().get(index));
  }

  /** The last input: a mask. */
  Value lastInput() {
    return now.apply(node.inputs().getLast());
  }

  /** The values of all inputs. */
  List<Value> inputs() {
    return node.inputs().stream().map(now).toList();
  }

  /** The value of an output. */
  Value output(int index) {
    return now.apply(node.outputs().get(index));
  }

  /** A weight. */
  Weight weight(int index) {
    return weightOf(node.weights().get(index));
  }

  /** All weights. */
  List<Weight> weights() {
    return node.weights().stream().map(this::weightOf).toList();
  }

  private Weight weightOf(Value value) {
    return Objects.requireNonNull(weights.get(value), value.name());
  }

  /** Whether an input wants its gradient. */
  boolean wants(int input) {
    return learns.test(node.inputs().get(input));
  }

  /** Whether a weight learns; false where the operation has fewer. */
  boolean learns(int weight) {
    return weight < node.weights().size() && sums.learns(weight(weight));
  }

  /** The gradient from above of an output, or null where nothing gave one. */
  @Nullable Value above(int output) {
    Value value = node.outputs().get(output);
    return gradients.has(value) ? gradients.of(label, value) : null;
  }

  /** The gradient from above of the only output. */
  Value above() {
    Value gradient = above(0);
    if (gradient == null) {
      throw new IllegalStateException("nothing gave a gradient to " + node.label());
    }
    return gradient;
  }

  /** Adds a node with one output. */
  Value add(String what, WeightedOp<?> op, Value... of) {
    return graph.add(label + "." + what, op, of);
  }

  /** Adds a node with one output and without weights. */
  Value add(String what, OpSpec op, Value... of) {
    return add(what, WeightedOp.of(op), of);
  }

  /** Gives an input a gradient that is there already. */
  void pass(int input, Value gradient) {
    if (wants(input)) {
      gradients.pass(label, node.inputs().get(input), gradient);
    }
  }

  /**
   * Gives an input the result of a product, which adds what the input has so far where there is
   * something.
   *
   * @param product the node with the residual, or without one for null; its result has the shape of
   *     the input
   */
  void product(int input, Function<@Nullable Value, Value> product) {
    Value to = node.inputs().get(input);
    Value soFar = gradients.soFar(to);
    if (soFar == null) {
      Value made = product.apply(null);
      if (to.isWhole()) {
        gradients.made(label, to, made);
      } else {
        gradients.pass(label, to, made);
      }
    } else {
      gradients.replace(to, product.apply(soFar));
    }
  }

  /** Adds a node whose outputs are the gradients of inputs, each in its place. */
  void give(String what, WeightedOp<?> op, List<Integer> inputs, List<Value> of) {
    List<Value> places = new ArrayList<>();
    for (int input : inputs) {
      places.add(place(input));
    }
    node(what, op, places, of);
    for (int i = 0; i < inputs.size(); i++) {
      made(inputs.get(i), places.get(i));
    }
  }

  /** Memory for the gradient of an input; of no use to anyone where the input wants none. */
  Value place(int input) {
    Value to = node.inputs().get(input);
    return wants(input)
        ? gradients.place(label, to)
        : graph.joint(label + ".unused", ElementType.F32, to.shape());
  }

  /** What a node wrote to a place of {@link #place}. */
  void made(int input, Value place) {
    if (wants(input)) {
      gradients.made(label, node.inputs().get(input), place);
    }
  }

  /** Adds a node that writes to places. */
  void node(String what, WeightedOp<?> op, List<Value> places, List<Value> of) {
    graph.addInto(label + "." + what, op, places, of.toArray(new Value[0]));
  }

  /** The sum of the gradients by a weight, before and after this node, in one shape. */
  record SumOfWeight(Value before, Value after) {}

  /** The sum of the gradients by a weight; of no use to anyone where the weight does not learn. */
  SumOfWeight sum(int index) {
    Weight weight = weight(index);
    Shape shape = ConvolutionWeightGradient.placed(node.op().weights().get(index).shape());
    return sum(weight, shape, sums.learns(weight));
  }

  /** As above, in another shape. */
  SumOfWeight sum(int index, Shape as) {
    Weight weight = weight(index);
    return sum(weight, as, sums.learns(weight));
  }

  private SumOfWeight sum(Weight weight, Shape shape, boolean learns) {
    if (learns) {
      Value place = graph.placed("gradient of " + weight.name(), sums.sum(weight, shape));
      return new SumOfWeight(place, place);
    }
    return new SumOfWeight(
        graph.constant("zeros", ElementType.F32, shape, destination -> {}),
        graph.joint(label + ".unused", ElementType.F32, shape));
  }
}
