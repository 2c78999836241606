package dev.detr4j.model.vit;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.detr4j.backend.Backend;
import dev.detr4j.backend.BackendKind;
import dev.detr4j.backend.BackendOptions;
import dev.detr4j.backend.BackendProviders;
import dev.detr4j.backend.Queue;
import dev.detr4j.model.family.WeightSource;
import dev.detr4j.model.graph.DerivedWeight;
import dev.detr4j.model.graph.Graph;
import dev.detr4j.model.graph.Value;
import dev.detr4j.model.layer.HostConstants;
import dev.detr4j.model.layer.Norm;
import dev.detr4j.model.layer.Parameters;
import dev.detr4j.op.Activation;
import dev.detr4j.op.Add;
import dev.detr4j.op.Attention;
import dev.detr4j.op.Gather;
import dev.detr4j.op.Multiply;
import dev.detr4j.op.WeightedOp;
import dev.detr4j.plan.ExecutionPlan;
import dev.detr4j.plan.GraphPlan;
import dev.detr4j.plan.Planner;
import dev.detr4j.tensor.Buffer;
import dev.detr4j.tensor.ElementType;
import dev.detr4j.tensor.Shape;
import dev.detr4j.tensor.TensorView;
import dev.detr4j.tensor.Weight;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What folds into the layers of a vision transformer computes what it stands for. */
class VitFoldingTest {
  /** Sums of up to 24 products of numbers below 1, in another order. */
  private static final float TOLERANCE = 2e-5f;

  private static final int CHANNELS = 12;
  private static final int TOKENS = 5;
  private static final int WINDOWS = 4;

  /** Numbers that follow from the name. */
  private static final class RandomWeights implements WeightSource {
    private final Map<String, Weight> weights = new HashMap<>();

    private record Numbers(String name, Shape shape) implements Weight {
      @Override
      public void read(MemorySegment destination) {
        Random random = new Random(name.hashCode());
        for (long i = 0; i < shape.elements(); i++) {
          destination.setAtIndex(ValueLayout.JAVA_FLOAT, i, random.nextFloat() - 0.5f);
        }
      }
    }

    @Override
    public Weight get(String canonicalName, Shape expected, String reason) {
      return weights.computeIfAbsent(canonicalName, name -> new Numbers(name, expected));
    }

    @Override
    public void finish() {}
  }

  private static final Parameters PARAMETERS = new Parameters(new RandomWeights(), "block.");

  private static VitConfig config(VitConfig.Form form) {
    return new VitConfig(
        form, CHANNELS, 1, 3, 24, Activation.GELU, 16, 2, Set.of(), List.of(1), 2, 1e-6f);
  }

  private interface Network {
    Value add(Graph.Builder graph, Value x);
  }

  /** Runs a network on two images of four windows. */
  private static float[] run(Network network) {
    Graph.Builder graph = new Graph.Builder();
    Shape shape = Shape.of(2, WINDOWS * TOKENS, CHANNELS);
    Value x = graph.input("x", ElementType.F32, shape);
    graph.output("out", network.add(graph, x));
    try (Backend backend =
            BackendProviders.of(BackendKind.REFERENCE)
                .provider()
                .open(new BackendOptions(1, null, 0));
        Queue queue = backend.newQueue();
        GraphPlan planned = Planner.plan(graph.build(), backend, queue, Set.of());
        Buffer slab = backend.allocate(planned.slabBytes());
        ExecutionPlan plan = planned.bind(queue, slab);
        Arena arena = Arena.ofConfined()) {
      MemorySegment values = arena.allocate(4 * shape.elements(), 64);
      Random random = new Random(3);
      for (long i = 0; i < shape.elements(); i++) {
        values.setAtIndex(ValueLayout.JAVA_FLOAT, i, random.nextFloat() - 0.5f);
      }
      TensorView in = plan.input("x");
      queue.upload(values, 0, in.buffer(), in.offset(), values.byteSize());
      plan.submit();
      TensorView out = plan.output("out");
      assertEquals(out.shape().last(), out.rowStride(), "the output has no gaps");
      MemorySegment result = arena.allocate(4 * out.shape().elements(), 64);
      queue.download(out.buffer(), out.offset(), result, 0, result.byteSize());
      queue.synchronise();
      return result.toArray(ValueLayout.JAVA_FLOAT);
    }
  }

  /** Projections one by one, layer scales as products, and each window on its own. */
  private static final class Unfolded {
    private final VitConfig config;
    private final boolean isGlobal;

    Unfolded(VitConfig config, boolean isGlobal) {
      this.config = config;
      this.isGlobal = isGlobal;
    }

    Value add(Graph.Builder graph, Value x) {
      Value normed = norm("norm1").add(graph, "norm1", x);
      Parameters attention = PARAMETERS.under("attention");
      Value q = graph.add("q", linear(attention, "q_proj", CHANNELS, Activation.NONE), normed);
      WeightedOp<?> key =
          config.form() == VitConfig.Form.PLAIN
              ? WeightedOp.linear(
                  attention.tensor("k_proj.weight", CHANNELS, CHANNELS), null, Activation.NONE)
              : linear(attention, "k_proj", CHANNELS, Activation.NONE);
      Value k = graph.add("k", key, normed);
      Value v = graph.add("v", linear(attention, "v_proj", CHANNELS, Activation.NONE), normed);
      Attention op = new Attention(3, 4, 0.5f, false);
      Value mixed = graph.joint("mixed", ElementType.F32, x.shape());
      int windows = isGlobal ? 1 : WINDOWS;
      Shape window = Shape.of(2, WINDOWS * TOKENS / windows, CHANNELS);
      for (int i = 0; i < windows; i++) {
        int first = i * TOKENS;
        graph.addInto(
            "window " + i,
            op,
            mixed.rowsFrom("out", first, window),
            q.rowsFrom("q", first, window),
            k.rowsFrom("k", first, window),
            v.rowsFrom("v", first, window));
      }
      Value attended =
          graph.add("o", linear(attention, "o_proj", CHANNELS, Activation.NONE), mixed);
      Value h = graph.add("h", new Add(), x, scaled(graph, "layer_scale1", attended));
      Value again = norm("norm2").add(graph, "norm2", h);
      Value hidden =
          graph.add("fc1", PARAMETERS.linear("mlp.fc1", CHANNELS, 24, Activation.GELU), again);
      Value contracted =
          graph.add("fc2", PARAMETERS.linear("mlp.fc2", 24, CHANNELS, Activation.NONE), hidden);
      return graph.add("out", new Add(), h, scaled(graph, "layer_scale2", contracted));
    }

    private Norm norm(String name) {
      return new Norm(PARAMETERS, name, CHANNELS, config.epsilon());
    }

    private static WeightedOp<?> linear(
        Parameters parameters, String name, int out, Activation activation) {
      return parameters.linear(name, CHANNELS, out, activation);
    }

    private static Value scaled(Graph.Builder graph, String scale, Value x) {
      Weight row = PARAMETERS.tensor(scale + ".lambda1", CHANNELS);
      Weight flat = new Row(row);
      Weight[] rows = Collections.nCopies(x.shape().get(1), flat).toArray(Weight[]::new);
      Value factors = HostConstants.weight(graph, scale, DerivedWeight.rows(scale, rows), 2);
      return graph.add(scale + ".product", new Multiply(), x, factors);
    }
  }

  /** A vector as a matrix of one row. */
  private record Row(Weight of) implements Weight {
    @Override
    public String name() {
      return of.name();
    }

    @Override
    public Shape shape() {
      return Shape.of(1, of.shape().get(0));
    }

    @Override
    public void read(MemorySegment destination) {
      of.read(destination);
    }
  }

  @ParameterizedTest
  @CsvSource({"DINO_V2, false", "DINO_V2, true", "PLAIN, false", "PLAIN, true"})
  void aBlockIsItsParts(VitConfig.Form form, boolean isGlobal) {
    VitConfig config = config(form);
    VitBlock block = new VitBlock(PARAMETERS, config, isGlobal);
    float[] folded = run((graph, x) -> block.add(graph, "block", x, WINDOWS));
    float[] separate = run((graph, x) -> new Unfolded(config, isGlobal).add(graph, x));
    assertArrayEquals(separate, folded, TOLERANCE);
  }

  /** Of a map of 4 x 6 cells with a token before them, cut and put together again. */
  @Test
  void windowsAreCutAndRestored() {
    Windows windows = new Windows(4, 6, 2, 1);
    assertEquals(4, windows.count());
    assertEquals(7, windows.tokens());
    Graph.Builder graph = new Graph.Builder();
    Value x = graph.input("x", ElementType.F32, Shape.of(1, 25, 1));
    Value cut = graph.add("cut", new Gather(), x, windows.cut(graph, 1));
    assertEquals(Shape.of(4, 7, 1), cut.batched(4).shape());
    graph.output("cut", cut);
    graph.output("map", graph.add("map", new Gather(), cut, windows.restored(graph, 1)));
    try (Backend backend =
            BackendProviders.of(BackendKind.REFERENCE)
                .provider()
                .open(new BackendOptions(1, null, 0));
        Queue queue = backend.newQueue();
        GraphPlan planned = Planner.plan(graph.build(), backend, queue, Set.of());
        Buffer slab = backend.allocate(planned.slabBytes());
        ExecutionPlan plan = planned.bind(queue, slab);
        Arena arena = Arena.ofConfined()) {
      MemorySegment values = arena.allocate(100, 64);
      for (int i = 0; i < 25; i++) {
        // The class token is -1, a cell its number.
        values.setAtIndex(ValueLayout.JAVA_FLOAT, i, i - 1);
      }
      queue.upload(values, 0, plan.input("x").buffer(), plan.input("x").offset(), 100);
      plan.submit();
      assertArrayEquals(
          new float[] {
            -1, 0, 1, 2, 6, 7, 8, -1, 3, 4, 5, 9, 10, 11, -1, 12, 13, 14, 18, 19, 20, -1, 15, 16,
            17, 21, 22, 23
          },
          download(queue, plan.output("cut"), arena));
      float[] map = download(queue, plan.output("map"), arena);
      for (int i = 0; i < 24; i++) {
        assertEquals(i, map[i]);
      }
    }
  }

  private static float[] download(Queue queue, TensorView view, Arena arena) {
    MemorySegment result = arena.allocate(4 * view.shape().elements(), 64);
    queue.download(view.buffer(), view.offset(), result, 0, result.byteSize());
    queue.synchronise();
    return result.toArray(ValueLayout.JAVA_FLOAT);
  }
}
