package dev.detr4j.model.graph;

import dev.detr4j.op.OpSpec;
import dev.detr4j.tensor.ElementType;
import dev.detr4j.tensor.Shape;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The fused operations of one model for one input size, in an order in which they can run.
 *
 * <p>Immutable. Building one reads no weights and costs microseconds, so that a new input size is
 * cheap.
 *
 * @param inputs what each call provides
 * @param constants roots whose elements are known when the plan is made
 * @param nodes in order
 * @param outputs what a call delivers, by name
 * @param taps intermediate values that can be asked for by name, to find the stage at which two
 *     implementations part
 */
public record Graph(
    List<Value> inputs,
    Map<Value, HostData> constants,
    List<Node> nodes,
    Map<String, Value> outputs,
    Map<String, Value> taps) {

  /** Collects nodes. Not thread-safe. */
  public static final class Builder {
    private final List<Value> inputs = new ArrayList<>();
    private final Map<Value, HostData> constants = new LinkedHashMap<>();
    private final List<Node> nodes = new ArrayList<>();
    private final Map<String, Value> outputs = new LinkedHashMap<>();
    private final Map<String, Value> taps = new LinkedHashMap<>();

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

    /** Declares memory that several nodes fill through views of it. */
    public Value joint(String name, ElementType type, Shape shape) {
      return new Value(name, type, shape);
    }

    /** Adds a node with one output and returns it. */
    public Value add(String label, OpSpec op, Value... of) {
      List<Value> results = addAll(label, op, of);
      if (results.size() != 1) {
        throw new IllegalArgumentException(label + " has " + results.size() + " outputs");
      }
      return results.get(0);
    }

    /** Adds a node and returns its outputs. */
    public List<Value> addAll(String label, OpSpec op, Value... of) {
      List<Value> results = new ArrayList<>();
      for (OpSpec.Output output : outputs(label, op, of)) {
        results.add(new Value(label, output.type(), output.shape()));
      }
      nodes.add(new Node(label, op, List.of(of), results));
      return results;
    }

    /** Adds a node that writes to existing memory, such as a level of a joint sequence. */
    public void addInto(String label, OpSpec op, Value into, Value... of) {
      OpSpec.Output output = outputs(label, op, of).get(0);
      nodes.add(new Node(label, op, List.of(of), List.of(into.reshaped(output.shape()))));
    }

    /** Names a result. */
    public void output(String name, Value value) {
      outputs.put(name, value);
    }

    /** Names an intermediate value that can be asked for. */
    public void tap(String name, Value value) {
      taps.put(name, value);
    }

    /** The finished graph. */
    public Graph build() {
      return new Graph(List.copyOf(inputs), constants, List.copyOf(nodes), outputs, taps);
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
