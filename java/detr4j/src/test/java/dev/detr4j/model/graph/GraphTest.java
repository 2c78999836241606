package dev.detr4j.model.graph;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.detr4j.op.Activation;
import dev.detr4j.op.Add;
import dev.detr4j.op.Convolution;
import dev.detr4j.op.KernelWindow;
import dev.detr4j.op.Linear;
import dev.detr4j.op.WeightedOp;
import dev.detr4j.tensor.ElementType;
import dev.detr4j.tensor.Shape;
import dev.detr4j.tensor.Weight;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Weights as values of a graph. */
class GraphTest {
  private record Named(String name, Shape shape) implements Weight {
    @Override
    public void read(MemorySegment destination) {
      throw new AssertionError("a graph reads no weights");
    }
  }

  private static final Weight MATRIX = new Named("matrix", Shape.of(4, 4));
  private static final Weight BIAS = new Named("bias", Shape.of(4));

  private final Graph.Builder builder = new Graph.Builder();
  private final Value x = builder.input("x", ElementType.F32, Shape.of(1, 5, 4));

  @Test
  void nodesThatShareAWeightShareItsValue() {
    WeightedOp<Linear> layer = WeightedOp.linear(MATRIX, BIAS, Activation.RELU);
    Value y = builder.add("first", layer, x);
    builder.add("second", layer.as(Linear::withResidual), y, x);
    Graph graph = builder.build();
    Value matrix = builder.weight(MATRIX);
    Value bias = builder.weight(BIAS);
    assertEquals(Map.of(matrix, MATRIX, bias, BIAS), graph.weights());
    for (Node node : graph.nodes()) {
      assertEquals(List.of(matrix, bias), node.weights());
      assertSame(matrix, node.weights().getFirst());
    }
    assertEquals(List.of(y, x), graph.nodes().getLast().inputs());
    assertEquals(Shape.of(4, 4), matrix.shape());
    assertEquals("matrix", matrix.name());
  }

  @Test
  void rowsCanBeSeenAsOtherBatchItems() {
    Value all = builder.input("all", ElementType.F32, Shape.of(2, 6, 4));
    Value windows = all.columns("right", 1, 3).batched(4);
    assertEquals(Shape.of(4, 3, 3), windows.shape());
    assertEquals(1, windows.offset());
    assertEquals(4, windows.rowStride());
    assertEquals(12, windows.batchStride());
    assertEquals(Shape.of(2, 6, 3), windows.batched(2).shape());
    assertEquals(24, windows.batched(2).batchStride());
    assertSame(all, windows.root());
    assertThrows(IllegalArgumentException.class, () -> all.batched(5));
    // The first rows of each item do not follow those of the item before.
    Value first = all.rowsFrom("first", 0, Shape.of(2, 3, 4));
    assertThrows(IllegalArgumentException.class, () -> first.batched(1));
    assertThrows(IllegalArgumentException.class, () -> windows.of(all));
  }

  @Test
  void originsAreThoseOfNodesAndOfConstants() {
    Weight queries = new Named("queries", Shape.of(5, 4));
    Value positions =
        builder.constant(
            "positions", ElementType.F32, Shape.of(1, 5, 4), new RepeatedWeight(queries, 1));
    Value y = builder.add("sum", new Add(), x, positions);
    Weight joined = DerivedWeight.rows("joined", MATRIX, MATRIX);
    builder.add("layer", WeightedOp.linear(joined, null, Activation.NONE), y);
    assertEquals(Set.of(MATRIX, queries), builder.build().origins());
  }

  @Test
  void aWeightIsNoInput() {
    builder.add("sum", new Add(), x, builder.weight(new Named("grid", Shape.of(1, 5, 4))));
    IllegalArgumentException e = assertThrows(IllegalArgumentException.class, builder::build);
    assertEquals("sum reads the weight grid as an input", e.getMessage());
  }

  @Test
  void anOperationTakesTheWeightsThatItAsksFor() {
    Linear op = Linear.of(4, 3).withBias();
    assertEquals(
        "Linear takes 2 weights, got 1",
        assertThrows(IllegalArgumentException.class, () -> WeightedOp.of(op, MATRIX)).getMessage());
    assertEquals(
        "Linear takes a weight of shape [3, 4], got matrix [4, 4]",
        assertThrows(IllegalArgumentException.class, () -> WeightedOp.of(op, MATRIX, BIAS))
            .getMessage());
    // A vector may have extents of 1 around it, a kernel may not.
    Convolution convolution = Convolution.of(4, 4, KernelWindow.PIXEL).withBias();
    Weight kernel = new Named("kernel", Shape.of(4, 4, 1, 1));
    Weight wideBias = new Named("wide", Shape.of(1, 1, 1, 4));
    assertEquals(List.of(kernel, wideBias), WeightedOp.of(convolution, kernel, wideBias).weights());
    assertThrows(IllegalArgumentException.class, () -> WeightedOp.of(convolution, MATRIX, BIAS));
  }
}
