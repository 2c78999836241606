package dev.detr4j.plan;

import dev.detr4j.backend.NodeSharing;
import dev.detr4j.model.graph.Graph;
import dev.detr4j.model.graph.Node;
import dev.detr4j.model.graph.Value;
import dev.detr4j.plan.Region.Home;
import dev.detr4j.tensor.Buffer;
import dev.detr4j.tensor.ElementType;
import dev.detr4j.tensor.TensorView;
import java.util.Collection;
import java.util.Collections;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Where every value of a graph lives: one region for each root.
 *
 * <p>Steps count the nodes of the body. Inputs are written at step -1, ahead of the first node;
 * what the caller looks at is read at the step behind the last one. Immutable once made.
 */
final class MemoryMap {
  private final Map<Value, Region> regions;
  private final Map<Home, Long> sizes;
  private final Function<Value, ElementType> types;
  private final Map<Value, TensorView> placed;

  private MemoryMap(
      Map<Value, Region> regions,
      Map<Home, Long> sizes,
      Function<Value, ElementType> types,
      Map<Value, TensorView> placed) {
    this.placed = placed;
    this.regions = regions;
    this.sizes = sizes;
    this.types = types;
  }

  /**
   * Places the values of a graph.
   *
   * @param kept what the caller looks at after a run
   * @param types the element type in memory of a value
   * @param sharing which nodes may run as one, or earlier than in their turn
   * @throws IllegalStateException when a value is read ahead of its first write, or never written
   */
  static MemoryMap of(
      Graph graph,
      ConstantFolding folding,
      Collection<Value> kept,
      Function<Value, ElementType> types,
      NodeSharing sharing) {
    Lives lives = new Lives(types, graph.placed().keySet());
    List<Node> body = folding.body();
    for (Value input : graph.inputs()) {
      lives.write(Home.SLAB, input, -1);
    }
    for (Value constant : graph.constants().keySet()) {
      lives.write(Home.PROLOGUE, constant, -1);
    }
    for (int step = 0; step < folding.prologue().size(); step++) {
      lives.run(Home.PROLOGUE, folding.prologue().get(step), step);
    }
    // Of the constants, those that each call reads outlive the prologue.
    for (Node node : body) {
      node.inputs().forEach(value -> lives.keepConstant(value, folding));
    }
    kept.forEach(value -> lives.keepConstant(value, folding));
    int[] earliest = EarliestSteps.of(body, sharing);
    for (int step = 0; step < body.size(); step++) {
      Node node = body.get(step);
      lives.run(Home.SLAB, node, step);
      int early = earliest[step];
      node.outputs().forEach(value -> lives.write(Home.SLAB, value, early));
      if (step + 1 < body.size() && joins(node, body.get(step + 1), sharing)) {
        int next = step + 1;
        node.inputs().forEach(value -> lives.read(value, next, node.label()));
      }
    }
    kept.forEach(value -> lives.read(value, body.size(), "the caller"));
    return new MemoryMap(lives.regions, lives.place(), types, graph.placed());
  }

  private static boolean joins(Node node, Node next, NodeSharing sharing) {
    return sharing.together(node.op(), next.op())
        && !Collections.disjoint(node.outputs(), next.inputs());
  }

  /** The regions while their lives are found. */
  private static final class Lives {
    final Map<Value, Region> regions = new LinkedHashMap<>();
    private final Function<Value, ElementType> types;
    private final Set<Value> placed;

    Lives(Function<Value, ElementType> types, Set<Value> placed) {
      this.types = types;
      this.placed = placed;
    }

    void run(Home home, Node node, int step) {
      node.inputs().forEach(value -> read(value, step, node.label()));
      node.outputs().forEach(value -> write(home, value, step));
    }

    void write(Home home, Value value, int step) {
      Value root = value.root();
      if (placed.contains(root)) {
        return;
      }
      regions.computeIfAbsent(root, key -> new Region(home, bytes(key))).touch(step);
    }

    void read(Value value, int step, String reader) {
      if (placed.contains(value.root())) {
        return;
      }
      Region region = regions.get(value.root());
      if (region == null) {
        throw new IllegalStateException(
            "%s reads value %s, which no node before it writes".formatted(reader, value));
      }
      region.touch(step);
    }

    /** Moves a constant from the prologue's memory to that of the constants. */
    void keepConstant(Value value, ConstantFolding folding) {
      Value root = value.root();
      Region region = regions.get(root);
      if (region != null && region.home == Home.PROLOGUE && folding.roots().contains(root)) {
        Region constant = new Region(Home.CONSTANTS, bytes(root));
        constant.touch(-1);
        constant.touch(Integer.MAX_VALUE);
        regions.put(root, constant);
      }
    }

    private long bytes(Value root) {
      return root.shape().elements() * types.apply(root).bytes();
    }

    Map<Home, Long> place() {
      Map<Home, Long> sizes = new EnumMap<>(Home.class);
      for (Home home : Home.values()) {
        sizes.put(
            home,
            MemoryPlanner.place(
                regions.values().stream().filter(region -> region.home == home).toList()));
      }
      return sizes;
    }
  }

  /** Bytes of one of the memories; 0 when nothing lives there. */
  long bytes(Home home) {
    Long bytes = sizes.get(home);
    return bytes == null ? 0 : bytes;
  }

  /** The region of a value's root, or null when no node touches it. */
  @Nullable Region region(Value value) {
    return regions.get(value.root());
  }

  /** A value in memory. */
  TensorView view(Value value, Map<Home, Buffer> homes) {
    TensorView own = placed.get(value.root());
    if (own != null) {
      return new TensorView(
          own.buffer(),
          own.offset() + value.offset() * own.type().bytes(),
          own.type(),
          value.shape(),
          value.rowStride(),
          value.batchStride());
    }
    Region region = regions.get(value.root());
    Buffer home = region == null ? null : homes.get(region.home);
    if (region == null || home == null) {
      throw new IllegalStateException("value " + value + " has no place");
    }
    ElementType type = types.apply(value);
    return new TensorView(
        home,
        region.offset + value.offset() * type.bytes(),
        type,
        value.shape(),
        value.rowStride(),
        value.batchStride());
  }
}
