package dev.detr4j.plan;

import dev.detr4j.backend.Backend;
import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.Program;
import dev.detr4j.error.BackendException;
import dev.detr4j.model.graph.Graph;
import dev.detr4j.model.graph.HostData;
import dev.detr4j.model.graph.Node;
import dev.detr4j.model.graph.Value;
import dev.detr4j.tensor.Buffer;
import dev.detr4j.tensor.ElementType;
import dev.detr4j.tensor.TensorView;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Turns a graph into a plan for one backend: asks whether every operation is supported, computes
 * what does not depend on the input once, places every other value in one slab, and binds the
 * kernels.
 */
public final class Planner {
  private Planner() {}

  /**
   * Plans a graph.
   *
   * @param taps names of intermediate values to keep besides the outputs
   * @throws BackendException when the backend refuses an operation; the message lists all refusals
   */
  public static ExecutionPlan plan(Graph graph, Backend backend, Set<String> taps) {
    refuseUnsupported(graph, backend);
    Map<String, Value> kept = new LinkedHashMap<>(graph.outputs());
    for (String tap : taps) {
      Value value = graph.taps().get(tap);
      if (value == null) {
        throw new IllegalArgumentException(
            "the model has no tap " + tap + "; it has " + graph.taps().keySet());
      }
      kept.put(tap, value);
    }
    Set<Value> constantRoots = constantRoots(graph);
    List<Node> prologue = new ArrayList<>();
    List<Node> body = new ArrayList<>();
    for (Node node : graph.nodes()) {
      (constantRoots.contains(node.outputs().get(0).root()) ? prologue : body).add(node);
    }
    StoredTypes types = new StoredTypes(graph, backend, kept.values(), constantRoots);
    return new Placement(graph, backend, kept, constantRoots, types, prologue, body).plan();
  }

  private static void refuseUnsupported(Graph graph, Backend backend) {
    Set<String> refusals = new LinkedHashSet<>();
    for (Node node : graph.nodes()) {
      String refusal = backend.refusal(node.op());
      if (refusal != null) {
        refusals.add(node.label() + ": " + refusal);
      }
    }
    if (!refusals.isEmpty()) {
      throw new BackendException("this model cannot run here: " + String.join("; ", refusals));
    }
  }

  /** Roots that no input reaches: declared constants, and what nodes make of constants alone. */
  private static Set<Value> constantRoots(Graph graph) {
    Set<Value> varying = new HashSet<>();
    graph.inputs().forEach(input -> varying.add(input.root()));
    for (Node node : graph.nodes()) {
      boolean varies = node.inputs().stream().anyMatch(input -> varying.contains(input.root()));
      if (varies) {
        node.outputs().forEach(output -> varying.add(output.root()));
      }
    }
    // A root that constant and varying nodes fill together varies as a whole.
    boolean grew = true;
    while (grew) {
      grew = false;
      for (Node node : graph.nodes()) {
        boolean touches =
            node.inputs().stream().anyMatch(input -> varying.contains(input.root()))
                || node.outputs().stream().anyMatch(output -> varying.contains(output.root()));
        if (touches) {
          for (Value output : node.outputs()) {
            grew |= varying.add(output.root());
          }
        }
      }
    }
    Set<Value> constants = new HashSet<>(graph.constants().keySet());
    for (Node node : graph.nodes()) {
      for (Value output : node.outputs()) {
        if (!varying.contains(output.root())) {
          constants.add(output.root());
        }
      }
    }
    return constants;
  }

  /** One graph on its way into memory. */
  private static final class Placement {
    private final Graph graph;
    private final Backend backend;
    private final Map<String, Value> kept;
    private final Set<Value> constantRoots;
    private final StoredTypes types;
    private final List<Node> prologue;
    private final List<Node> body;
    private final Map<Value, MemoryPlanner.Block> slabBlocks = new LinkedHashMap<>();
    private final Map<Value, MemoryPlanner.Block> constantBlocks = new LinkedHashMap<>();
    private final Map<Value, MemoryPlanner.Block> passingBlocks = new LinkedHashMap<>();

    Placement(
        Graph graph,
        Backend backend,
        Map<String, Value> kept,
        Set<Value> constantRoots,
        StoredTypes types,
        List<Node> prologue,
        List<Node> body) {
      this.graph = graph;
      this.backend = backend;
      this.kept = kept;
      this.constantRoots = constantRoots;
      this.types = types;
      this.prologue = prologue;
      this.body = body;
    }

    ExecutionPlan plan() {
      placeBody();
      placePrologue();
      List<Buffer> owned = new ArrayList<>();
      try {
        Buffer slab = allocate(slabBlocks, owned);
        Buffer constants = allocate(constantBlocks, owned);
        Map<Value, Buffer> homes = new HashMap<>();
        slabBlocks.keySet().forEach(root -> homes.put(root, slab));
        constantBlocks.keySet().forEach(root -> homes.put(root, constants));
        List<Buffer> passingOwned = new ArrayList<>();
        try {
          Buffer passing = allocate(passingBlocks, passingOwned);
          passingBlocks.keySet().forEach(root -> homes.put(root, passing));
          computeConstants(homes);
        } finally {
          passingOwned.forEach(Buffer::close);
        }
        List<BoundNode> bound = bind(body, homes);
        Map<String, TensorView> inputs = new LinkedHashMap<>();
        graph.inputs().forEach(input -> inputs.put(input.name(), view(input, homes)));
        Map<String, TensorView> outputs = new LinkedHashMap<>();
        kept.forEach((name, value) -> outputs.put(name, view(value, homes)));
        return new ExecutionPlan(backend, backend.compile(bound), bound, inputs, outputs, owned);
      } catch (Throwable e) {
        owned.forEach(Buffer::close);
        throw e;
      }
    }

    private void placeBody() {
      for (Value input : graph.inputs()) {
        block(slabBlocks, input).touch(-1);
      }
      for (int step = 0; step < body.size(); step++) {
        for (Value value : body.get(step).inputs()) {
          block(constantRoots.contains(value.root()) ? constantBlocks : slabBlocks, value)
              .touch(step);
        }
        for (Value value : body.get(step).outputs()) {
          block(slabBlocks, value).touch(step);
        }
      }
      for (Value value : kept.values()) {
        block(constantRoots.contains(value.root()) ? constantBlocks : slabBlocks, value)
            .touch(body.size());
      }
      MemoryPlanner.place(List.copyOf(slabBlocks.values()));
      // Constants live as long as the plan.
      for (MemoryPlanner.Block block : constantBlocks.values()) {
        block.touch(-1);
        block.touch(body.size());
      }
      MemoryPlanner.place(List.copyOf(constantBlocks.values()));
    }

    private void placePrologue() {
      for (int step = 0; step < prologue.size(); step++) {
        Node node = prologue.get(step);
        List<Value> touched = new ArrayList<>(node.inputs());
        touched.addAll(node.outputs());
        for (Value value : touched) {
          if (!constantBlocks.containsKey(value.root())) {
            MemoryPlanner.Block block = block(passingBlocks, value);
            block.touch(step);
            if (graph.constants().containsKey(value.root())) {
              block.touch(-1);
            }
          }
        }
      }
      MemoryPlanner.place(List.copyOf(passingBlocks.values()));
    }

    private MemoryPlanner.Block block(Map<Value, MemoryPlanner.Block> blocks, Value value) {
      Value root = value.root();
      return blocks.computeIfAbsent(
          root, key -> new MemoryPlanner.Block(key.shape().elements() * types.of(key).bytes()));
    }

    private Buffer allocate(Map<Value, MemoryPlanner.Block> blocks, List<Buffer> owner) {
      long bytes = 64;
      for (MemoryPlanner.Block block : blocks.values()) {
        bytes = Math.max(bytes, block.offset + block.bytes);
      }
      Buffer buffer = backend.allocate(bytes);
      owner.add(buffer);
      return buffer;
    }

    private void computeConstants(Map<Value, Buffer> homes) {
      for (Map.Entry<Value, HostData> constant : graph.constants().entrySet()) {
        if (homes.containsKey(constant.getKey())) {
          upload(constant.getKey(), constant.getValue(), homes);
        }
      }
      if (!prologue.isEmpty()) {
        try (Program program = backend.compile(bind(prologue, homes))) {
          program.run();
        }
      }
    }

    private void upload(Value root, HostData data, Map<Value, Buffer> homes) {
      TensorView view = view(root, homes);
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment host = arena.allocate(Math.max(view.spanBytes(), 4), 64);
        data.write(host);
        backend.upload(host, 0, view.buffer(), view.offset(), view.spanBytes());
      }
    }

    private List<BoundNode> bind(List<Node> nodes, Map<Value, Buffer> homes) {
      List<BoundNode> bound = new ArrayList<>();
      for (Node node : nodes) {
        bound.add(
            new BoundNode(
                node.label(),
                node.op(),
                node.inputs().stream().map(value -> view(value, homes)).toList(),
                node.weights().stream().map(graph.weights()::get).toList(),
                node.outputs().stream().map(value -> view(value, homes)).toList()));
      }
      return bound;
    }

    private TensorView view(Value value, Map<Value, Buffer> homes) {
      Value root = value.root();
      MemoryPlanner.Block block = slabBlocks.get(root);
      if (block == null) {
        block = constantBlocks.get(root);
      }
      if (block == null) {
        block = passingBlocks.get(root);
      }
      Buffer home = homes.get(root);
      if (block == null || home == null) {
        throw new IllegalStateException("value " + value + " is read but never written");
      }
      ElementType type = types.of(value);
      return new TensorView(
          home,
          block.offset + value.offset() * type.bytes(),
          type,
          value.shape(),
          value.rowStride(),
          value.batchStride());
    }
  }
}
