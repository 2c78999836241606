package dev.detr4j.parity;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.model.graph.Graph;
import dev.detr4j.model.graph.Node;
import dev.detr4j.model.graph.Value;
import dev.detr4j.plan.ExecutionPlan;
import dev.detr4j.tensor.TensorView;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Follows a bound plan step by step and remembers whose every byte is: a write takes bytes from
 * whoever had them, and a read fails when a byte of its value was taken. It knows nothing of lives
 * or of how places were found.
 */
final class LiveValues {
  /** Bytes of one root in one memory. */
  private record Place(Value root, long start, long end) {
    static Place of(Value value, TensorView view) {
      long start = view.offset() - value.offset() * view.type().bytes();
      return new Place(
          value.root(), start, start + value.root().shape().elements() * view.type().bytes());
    }

    boolean overlaps(Place other) {
      return start < other.end && other.start < end;
    }
  }

  private final ExecutionPlan plan;
  private final List<Place> owned = new ArrayList<>();
  private final Map<Value, Place> constants = new HashMap<>();
  private final Set<Value> written = new HashSet<>();

  private LiveValues(ExecutionPlan plan) {
    this.plan = plan;
  }

  /** Throws {@link AssertionError} where a value is not there when it is read. */
  static void check(Graph graph, ExecutionPlan plan, Map<String, Value> kept) {
    LiveValues memory = new LiveValues(plan);
    Map<String, Node> nodes = new HashMap<>();
    for (Node node : graph.nodes()) {
      if (nodes.put(node.label(), node) != null) {
        throw new AssertionError("two nodes are called " + node.label());
      }
    }
    for (Value input : graph.inputs()) {
      memory.write("the caller", input, plan.input(input.name()));
    }
    for (BoundNode bound : plan.nodes()) {
      Node node = nodes.get(bound.label());
      for (int i = 0; i < node.inputs().size(); i++) {
        memory.read(bound.label(), node.inputs().get(i), bound.input(i));
      }
      for (int i = 0; i < node.outputs().size(); i++) {
        memory.write(bound.label(), node.outputs().get(i), bound.output(i));
      }
      // While the node runs, it reads and writes all of them.
      for (int i = 0; i < node.inputs().size(); i++) {
        memory.read(bound.label(), node.inputs().get(i), bound.input(i));
      }
      for (int i = 0; i < node.outputs().size(); i++) {
        memory.read(bound.label(), node.outputs().get(i), bound.output(i));
      }
    }
    kept.forEach((name, value) -> memory.read("the caller", value, plan.output(name)));
    memory.checkConstants();
  }

  private void write(String writer, Value value, TensorView view) {
    if (!view.buffer().equals(plan.slab())) {
      throw new AssertionError(writer + " writes " + value + " outside the slab");
    }
    if (!written.add(value.root())) {
      read(writer, value, view);
      return;
    }
    Place place = Place.of(value, view);
    if (place.start < 0 || place.end > plan.slab().byteSize()) {
      throw new AssertionError(value + " leaves the slab: " + place);
    }
    owned.removeIf(place::overlaps);
    owned.add(place);
  }

  private void read(String reader, Value value, TensorView view) {
    Place place = Place.of(value, view);
    if (!view.buffer().equals(plan.slab())) {
      constants.put(value.root(), place);
    } else if (!owned.contains(place)) {
      throw new AssertionError(reader + " reads " + value + ", whose bytes were taken");
    }
  }

  private void checkConstants() {
    List<Place> places = List.copyOf(constants.values());
    for (int i = 0; i < places.size(); i++) {
      for (Place other : places.subList(0, i)) {
        if (places.get(i).overlaps(other)) {
          throw new AssertionError(places.get(i) + " overlaps " + other);
        }
      }
    }
  }
}
