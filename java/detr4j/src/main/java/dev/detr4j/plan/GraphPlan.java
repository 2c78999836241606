package dev.detr4j.plan;

import dev.detr4j.backend.Backend;
import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.Queue;
import dev.detr4j.model.graph.Graph;
import dev.detr4j.model.graph.Node;
import dev.detr4j.model.graph.Value;
import dev.detr4j.plan.Region.Home;
import dev.detr4j.tensor.Buffer;
import dev.detr4j.tensor.TensorView;
import dev.detr4j.tensor.Weight;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What is planned for a graph and does not depend on who runs it: the order of its nodes, a place
 * for every value, and its constants, computed and on the device.
 *
 * <p>Immutable and thread-safe: sessions share it, and each binds it to memory of its own. The
 * owner closes it after everything that was bound, and before the backend.
 */
public final class GraphPlan implements AutoCloseable {
  private final List<Value> inputs;
  private final Map<String, Value> kept;
  private final Map<Value, Weight> weights;
  private final List<Node> body;
  private final MemoryMap memory;
  private final @Nullable Buffer constants;

  private GraphPlan(
      Graph graph,
      Map<String, Value> kept,
      ConstantFolding folding,
      MemoryMap memory,
      @Nullable Buffer constants) {
    this.inputs = graph.inputs();
    this.kept = kept;
    this.weights = graph.weights();
    this.body = folding.body();
    this.memory = memory;
    this.constants = constants;
  }

  /** Computes the constants of a graph whose values have places. */
  static GraphPlan of(
      Graph graph,
      Map<String, Value> kept,
      ConstantFolding folding,
      MemoryMap memory,
      Backend backend,
      Queue queue) {
    Map<Home, Buffer> homes = new EnumMap<>(Home.class);
    try {
      allocate(Home.CONSTANTS, memory, backend, homes);
      allocate(Home.PROLOGUE, memory, backend, homes);
      ConstantValues.compute(graph, folding, memory, homes, queue);
    } catch (Throwable e) {
      homes.values().forEach(Buffer::close);
      throw e;
    }
    Buffer passing = homes.get(Home.PROLOGUE);
    if (passing != null) {
      passing.close();
    }
    return new GraphPlan(graph, kept, folding, memory, homes.get(Home.CONSTANTS));
  }

  private static void allocate(
      Home home, MemoryMap memory, Backend backend, Map<Home, Buffer> homes) {
    if (memory.bytes(home) > 0) {
      homes.put(home, backend.allocate(memory.bytes(home)));
    }
  }

  /** Bytes that {@link #bind} needs for feature maps. */
  public long slabBytes() {
    return memory.bytes(Home.SLAB);
  }

  /** Bytes of the constants. */
  public long constantBytes() {
    return memory.bytes(Home.CONSTANTS);
  }

  /** The number of nodes of each run. */
  public int steps() {
    return body.size();
  }

  /**
   * Binds the plan to memory.
   *
   * @param queue what runs it
   * @param slab at least {@link #slabBytes} bytes, for use by one plan at a time; its contents do
   *     not matter and do not last
   */
  public ExecutionPlan bind(Queue queue, Buffer slab) {
    return bindParts(queue, slab, Set.of()).getFirst();
  }

  /**
   * Binds the plan in parts that are run one after the other, for a caller who computes something
   * in between. All parts share the slab, and whoever closes them closes each.
   *
   * @param firsts the nodes that begin a part; the first part begins without being named
   */
  public List<ExecutionPlan> bindParts(Queue queue, Buffer slab, Set<Node> firsts) {
    Map<Home, Buffer> homes = new EnumMap<>(Home.class);
    homes.put(Home.SLAB, slab);
    if (constants != null) {
      homes.put(Home.CONSTANTS, constants);
    }
    Map<String, TensorView> in = new LinkedHashMap<>();
    inputs.forEach(input -> in.put(input.name(), memory.view(input, homes)));
    Map<String, TensorView> out = new LinkedHashMap<>();
    kept.forEach((name, value) -> out.put(name, memory.view(value, homes)));
    List<ExecutionPlan> parts = new ArrayList<>();
    int begin = 0;
    for (int i = Math.min(1, body.size()); i <= body.size(); i++) {
      if (i == body.size() || firsts.contains(body.get(i))) {
        List<BoundNode> bound = bind(body.subList(begin, i), weights, memory, homes);
        parts.add(new ExecutionPlan(queue, queue.compile(bound), bound, in, out, slab));
        begin = i;
      }
    }
    return parts;
  }

  /** Nodes with the places of their values, and their weights. */
  static List<BoundNode> bind(
      List<Node> nodes, Map<Value, Weight> weights, MemoryMap memory, Map<Home, Buffer> homes) {
    List<BoundNode> bound = new ArrayList<>();
    for (Node node : nodes) {
      bound.add(
          new BoundNode(
              node.label(),
              node.op(),
              node.inputs().stream().map(value -> memory.view(value, homes)).toList(),
              node.weights().stream().map(weights::get).toList(),
              node.outputs().stream().map(value -> memory.view(value, homes)).toList()));
    }
    return bound;
  }

  @Override
  public void close() {
    if (constants != null) {
      constants.close();
    }
  }
}
