package dev.detr4j.model.graph;

import dev.detr4j.op.OpSpec;
import dev.detr4j.op.WeightedOp;
import dev.detr4j.tensor.ElementType;
import dev.detr4j.tensor.Shape;
import dev.detr4j.tensor.TensorView;
import dev.detr4j.tensor.Weight;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The fused operations of one model for one input size, in an order in which they can run.
 *
 * <p>Immutable. Building one reads no weights and costs microseconds, so that a new input size is
 * cheap. The graphs of one model share their weights: a trainer that changes them or a backend that
 * packs them does so once for all sizes. {@link DerivedWeight} says how those that are not in the
 * checkpoint follow from it.
 *
 * @param inputs what each call provides
 * @param constants roots whose elements are known when the plan is made
 * @param weights roots that stand for weights; they have no memory in a plan, and only the weight
 *     operands of nodes name them
 * @param placed roots with memory of their own, which outlives every plan: each run finds there
 *     what the run before it left; gradients that add up over images live so
 * @param nodes in order
 * @param outputs what a call delivers, by name
 * @param taps intermediate values that can be asked for by name, to find the stage at which two
 *     implementations part
 */
public record Graph(
    List<Value> inputs,
    Map<Value, HostData> constants,
    Map<Value, Weight> weights,
    Map<Value, TensorView> placed,
    List<Node> nodes,
    Map<String, Value> outputs,
    Map<String, Value> taps) {

  /**
   * The weights that everything here follows from, in the end: tensors of the checkpoint. Those of
   * constants are among them, see {@link RepeatedWeight}.
   */
  public Set<Weight> origins() {
    Set<Weight> origins = new LinkedHashSet<>();
    weights.values().forEach(weight -> origins.addAll(DerivedWeight.origins(weight)));
    for (HostData data : constants.values()) {
      if (data instanceof RepeatedWeight repeated) {
        origins.addAll(DerivedWeight.origins(repeated.weight()));
      }
    }
    return origins;
  }

  /** Collects nodes. Not thread-safe. */
  public static final class Builder {
    private final List<Value> inputs = new ArrayList<>();
    private final Map<Value, HostData> constants = new LinkedHashMap<>();
    private final Map<Weight, Value> weights = new LinkedHashMap<>();
    private final Map<Value, TensorView> placed = new LinkedHashMap<>();
    private final List<Node> nodes = new ArrayList<>();
    private final Map<String, Value> outputs = new LinkedHashMap<>();
    private final Map<String, Value> taps = new LinkedHashMap<>();
    private final boolean training;

    /** A graph that detects. */
    public Builder() {
      this(false);
    }

    private Builder(boolean training) {
      this.training = training;
    }

    /**
     * A graph that learns: builders of layers then leave out rewrites that save work for a
     * detection and have no gradient, and make weights that serve as values nodes, see {@link
     * #isTraining}.
     */
    public static Builder ofTraining() {
      return new Builder(true);
    }

    /** Goes on with a finished graph. */
    public static Builder after(Graph graph) {
      Builder builder = new Builder(true);
      builder.inputs.addAll(graph.inputs);
      builder.constants.putAll(graph.constants);
      graph.weights.forEach((value, weight) -> builder.weights.put(weight, value));
      builder.placed.putAll(graph.placed);
      builder.nodes.addAll(graph.nodes);
      builder.outputs.putAll(graph.outputs);
      builder.taps.putAll(graph.taps);
      return builder;
    }

    /** Whether the graph learns. */
    public boolean isTraining() {
      return training;
    }

    /** Declares what each call provides. */
    public Value input(String name, ElementType type, Shape shape) {
      Value value = new Value(name, type, shape);
      inputs.add(value);
      return value;
    }

    /** Declares a value whose elements are known now. */
    public Value constant(String name, ElementType type, Shape shape, HostData data) {
      Value value = new Value(name, type, shape);
      constants.put(value, data);
      return value;
    }

    /** The value that stands for a weight; the same one for equal weights. */
    public Value weight(Weight weight) {
      return weights.computeIfAbsent(
          weight, key -> new Value(key.name(), ElementType.F32, key.shape()));
    }

    /**
     * Declares a value that lives in memory of the caller, in one piece.
     *
     * @throws IllegalArgumentException when the place has gaps
     */
    public Value placed(String name, TensorView place) {
      if (!place.isContiguous()) {
        throw new IllegalArgumentException(name + " has gaps: " + place);
      }
      Value value = new Value(name, place.type(), place.shape());
      placed.put(value, place);
      return value;
    }

    /** How many nodes there are so far. */
    public int size() {
      return nodes.size();
    }

    /**
     * Adds a node whose outputs are existing memory, each of the shape that the operation makes.
     */
    public void addInto(String label, WeightedOp<?> op, List<Value> into, Value... of) {
      List<OpSpec.Output> made = outputs(label, op.op(), of);
      List<Value> results = new ArrayList<>();
      for (int i = 0; i < made.size(); i++) {
        results.add(into.get(i).reshaped(made.get(i).shape()));
      }
      add(label, op, List.of(of), results);
    }

    /** Declares memory that several nodes fill through views of it. */
    public Value joint(String name, ElementType type, Shape shape) {
      return new Value(name, type, shape);
    }

    /** Adds a node with one output and without weights, and returns the output. */
    public Value add(String label, OpSpec op, Value... of) {
      return add(label, WeightedOp.of(op), of);
    }

    /** Adds a node with one output and returns it. */
    public Value add(String label, WeightedOp<?> op, Value... of) {
      List<Value> results = addAll(label, op, of);
      if (results.size() != 1) {
        throw new IllegalArgumentException(label + " has " + results.size() + " outputs");
      }
      return results.get(0);
    }

    /** Adds a node without weights and returns its outputs. */
    public List<Value> addAll(String label, OpSpec op, Value... of) {
      return addAll(label, WeightedOp.of(op), of);
    }

    /** Adds a node and returns its outputs. */
    public List<Value> addAll(String label, WeightedOp<?> op, Value... of) {
      List<Value> results = new ArrayList<>();
      for (OpSpec.Output output : outputs(label, op.op(), of)) {
        results.add(new Value(label, output.type(), output.shape()));
      }
      add(label, op, List.of(of), results);
      return results;
    }

    /** Adds a node without weights that writes to existing memory. */
    public void addInto(String label, OpSpec op, Value into, Value... of) {
      addInto(label, WeightedOp.of(op), into, of);
    }

    /** Adds a node that writes to existing memory, such as a level of a joint sequence. */
    public void addInto(String label, WeightedOp<?> op, Value into, Value... of) {
      OpSpec.Output output = outputs(label, op.op(), of).get(0);
      add(label, op, List.of(of), List.of(into.reshaped(output.shape())));
    }

    private void add(String label, WeightedOp<?> op, List<Value> inputs, List<Value> results) {
      nodes.add(
          new Node(
              label, op.op(), inputs, op.weights().stream().map(this::weight).toList(), results));
    }

    /** Names a result. */
    public void output(String name, Value value) {
      outputs.put(name, value);
    }

    /** The result of that name, which was named before. */
    public Value named(String name) {
      Value value = outputs.get(name);
      if (value == null) {
        throw new IllegalArgumentException("no output is called " + name);
      }
      return value;
    }

    /** Names an intermediate value that can be asked for. */
    public void tap(String name, Value value) {
      taps.put(name, value);
    }

    /**
     * The finished graph.
     *
     * @throws IllegalArgumentException when a node reads a weight as an input
     */
    public Graph build() {
      Map<Value, Weight> declared = new LinkedHashMap<>();
      weights.forEach((weight, value) -> declared.put(value, weight));
      for (Node node : nodes) {
        for (Value input : node.inputs()) {
          if (declared.containsKey(input.root())) {
            throw new IllegalArgumentException(
                node.label() + " reads the weight " + input.name() + " as an input");
          }
        }
      }
      return new Graph(
          List.copyOf(inputs), constants, declared, placed, List.copyOf(nodes), outputs, taps);
    }

    private static List<OpSpec.Output> outputs(String label, OpSpec op, Value... of) {
      List<Shape> shapes = new ArrayList<>();
      for (Value value : of) {
        shapes.add(value.shape());
      }
      try {
        return op.outputs(shapes);
      } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
        throw new IllegalArgumentException(label + ": " + e.getMessage(), e);
      }
    }
  }
}
