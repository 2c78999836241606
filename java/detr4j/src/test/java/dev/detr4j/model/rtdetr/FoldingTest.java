package dev.detr4j.model.rtdetr;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.detr4j.backend.Backend;
import dev.detr4j.backend.BackendKind;
import dev.detr4j.backend.BackendOptions;
import dev.detr4j.backend.BackendProviders;
import dev.detr4j.backend.Queue;
import dev.detr4j.model.family.WeightSource;
import dev.detr4j.model.graph.Graph;
import dev.detr4j.model.graph.Value;
import dev.detr4j.model.layer.BatchNorm;
import dev.detr4j.model.layer.ConvNorm;
import dev.detr4j.model.layer.Parameters;
import dev.detr4j.op.Activation;
import dev.detr4j.op.Add;
import dev.detr4j.op.Convolution;
import dev.detr4j.op.KernelWindow;
import dev.detr4j.op.Upsample;
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
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/**
 * What is folded when a model is built gives what it is folded from, on the oracle. Sums have at
 * most a few hundred terms below 1, so they differ by roundings of some 1e-6.
 */
class FoldingTest {
  private static final float TOLERANCE = 2e-5f;
  private static final int DIM = 12;
  private static final int HIDDEN = 8;
  private static final double EPSILON = 1e-3;

  private static final HybridEncoderConfig ENCODER =
      new HybridEncoderConfig(
          DIM, List.of(2), Activation.GELU, Activation.SILU, HIDDEN, 10_000, false, false);

  /** Numbers that follow from the name; variances are positive. */
  private static final class RandomWeights implements WeightSource {
    private final Map<String, Weight> weights = new HashMap<>();

    private record Numbers(String name, Shape shape) implements Weight {
      @Override
      public void read(MemorySegment destination) {
        Random random = new Random(name.hashCode());
        for (long i = 0; i < shape.elements(); i++) {
          float value = random.nextFloat() - 0.5f;
          destination.setAtIndex(
              ValueLayout.JAVA_FLOAT, i, name.endsWith("running_var") ? value + 0.75f : value);
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

  private interface Network {
    Value add(Graph.Builder graph, Value small, Value large);
  }

  /** Runs a network on two maps of 5 x 7 and 10 x 14 pixels. */
  private static float[] run(Network network) {
    Graph.Builder graph = new Graph.Builder();
    Value small = graph.input("small", ElementType.F32, Shape.of(1, 5, 7, DIM));
    Value large = graph.input("large", ElementType.F32, Shape.of(1, 10, 14, DIM));
    graph.output("out", network.add(graph, small, large));
    try (Backend backend =
            BackendProviders.of(BackendKind.REFERENCE)
                .provider()
                .open(new BackendOptions(1, null, 0));
        Queue queue = backend.newQueue();
        GraphPlan planned = Planner.plan(graph.build(), backend, queue, Set.of());
        Buffer slab = backend.allocate(planned.slabBytes());
        ExecutionPlan plan = planned.bind(queue, slab);
        Arena arena = Arena.ofConfined()) {
      for (String name : List.of("small", "large")) {
        TensorView view = plan.input(name);
        long elements = view.shape().elements();
        MemorySegment values = arena.allocate(4 * elements, 64);
        Random random = new Random(name.hashCode());
        for (long i = 0; i < elements; i++) {
          values.setAtIndex(ValueLayout.JAVA_FLOAT, i, random.nextFloat() - 0.5f);
        }
        queue.upload(values, 0, view.buffer(), view.offset(), values.byteSize());
      }
      plan.submit();
      TensorView out = plan.output("out");
      MemorySegment result = arena.allocate(4 * out.shape().elements(), 64);
      assertEquals(out.shape().last(), out.rowStride(), "the output has no gaps");
      queue.download(out.buffer(), out.offset(), result, 0, result.byteSize());
      queue.synchronise();
      return result.toArray(ValueLayout.JAVA_FLOAT);
    }
  }

  private static WeightedOp<Convolution> unfolded(String name, Convolution op) {
    return ConvNorm.folded(PARAMETERS.under(name), op, EPSILON);
  }

  @Test
  void aRepVggBlockIsOneConvolution() {
    Parameters block = PARAMETERS.under("another");
    Convolution square = Convolution.of(DIM, DIM, KernelWindow.square(3).withPadding(1));
    WeightedOp<Convolution> around =
        BatchNorm.folded(block.under("conv1"), "conv", "norm", square, EPSILON);
    WeightedOp<Convolution> beside =
        BatchNorm.folded(
            block.under("conv2"),
            "conv",
            "norm",
            ConvNorm.pixel(DIM, DIM).withResidual().withActivation(Activation.SILU),
            EPSILON);
    float[] separate =
        run((graph, small, large) ->
            graph.add("beside", beside, large, graph.add("around", around, large)));
    float[] folded =
        run((graph, small, large) ->
            graph.add("folded", ConvNorm.repVgg(block, DIM, Activation.SILU, EPSILON), large));
    assertArrayEquals(separate, folded, TOLERANCE);
  }

  /** Two 1x1 convolutions of the joined maps, before their fusion, as the paper draws them. */
  @Test
  void aCspLayerOfAnUpsampledMapMixesChannelsFirst() {
    CspLayer layer = new CspLayer(PARAMETERS, ENCODER, EPSILON);
    float[] folded = run((graph, small, large) -> layer.add(graph, "csp", small, large));
    float[] separate =
        run((graph, small, large) -> {
          Value joint = graph.joint("joint", ElementType.F32, Shape.of(1, 10, 14, 2 * DIM));
          // A 1x1 convolution with the identity writes one map beside the other.
          graph.addInto(
              "left",
              identity(),
              joint.columns("left", 0, DIM),
              graph.add("upsample", new Upsample(2), small));
          graph.addInto("right", identity(), joint.columns("right", DIM, DIM), large);
          Convolution pixel = ConvNorm.pixel(2 * DIM, HIDDEN).withActivation(Activation.SILU);
          Value x = graph.add("conv1", unfolded("conv1", pixel), joint);
          Value beside = graph.add("conv2", unfolded("conv2", pixel), joint);
          for (int i = 0; i < 3; i++) {
            Parameters block = PARAMETERS.under("bottlenecks").under(i);
            Convolution square =
                Convolution.of(HIDDEN, HIDDEN, KernelWindow.square(3).withPadding(1));
            Value around =
                graph.add("around." + i, ConvNorm.folded(block.under("conv1"), square, EPSILON), x);
            Convolution last =
                ConvNorm.pixel(HIDDEN, HIDDEN).withResidual().withActivation(Activation.SILU);
            x =
                graph.add(
                    "beside." + i, ConvNorm.folded(block.under("conv2"), last, EPSILON), x, around);
          }
          Value sum = graph.add("sum", new Add(), x, beside);
          Convolution widen = ConvNorm.pixel(HIDDEN, DIM).withActivation(Activation.SILU);
          return graph.add("conv3", unfolded("conv3", widen), sum);
        });
    assertArrayEquals(separate, folded, TOLERANCE);
  }

  /** The layer with both maps side by side, and the one that mixes channels before upsampling. */
  @Test
  void bothFormsOfACspLayerAgree() {
    CspLayer layer = new CspLayer(PARAMETERS, ENCODER, EPSILON);
    float[] folded = run((graph, small, large) -> layer.add(graph, "csp", small, large));
    float[] joined =
        run((graph, small, large) -> {
          Value joint = graph.joint("joint", ElementType.F32, Shape.of(1, 10, 14, 2 * DIM));
          graph.addInto(
              "left",
              identity(),
              joint.columns("left", 0, DIM),
              graph.add("upsample", new Upsample(2), small));
          graph.addInto("right", identity(), joint.columns("right", DIM, DIM), large);
          return layer.add(graph, "csp", joint);
        });
    assertArrayEquals(joined, folded, TOLERANCE);
  }

  private static WeightedOp<Convolution> identity() {
    return WeightedOp.of(
        ConvNorm.pixel(DIM, DIM), new Identity("identity", Shape.of(DIM, DIM, 1, 1)));
  }

  private record Identity(String name, Shape shape) implements Weight {
    @Override
    public void read(MemorySegment destination) {
      destination.fill((byte) 0);
      for (long i = 0; i < shape.get(0); i++) {
        destination.setAtIndex(ValueLayout.JAVA_FLOAT, i * (shape.get(0) + 1), 1f);
      }
    }
  }
}
