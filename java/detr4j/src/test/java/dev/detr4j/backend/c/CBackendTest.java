package dev.detr4j.backend.c;

import static dev.detr4j.op.ResizeNormalize.Arithmetic.ROUND_EACH_PASS;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.detr4j.backend.Backend;
import dev.detr4j.backend.BackendOptions;
import dev.detr4j.backend.c.NodeCase.Values;
import dev.detr4j.backend.reference.ReferenceBackendProvider;
import dev.detr4j.error.BackendException;
import dev.detr4j.ffi.CpuTier;
import dev.detr4j.ffi.NativeLibrary;
import dev.detr4j.op.Activation;
import dev.detr4j.op.Add;
import dev.detr4j.op.Attention;
import dev.detr4j.op.AveragePool;
import dev.detr4j.op.BoxRefinement;
import dev.detr4j.op.CellAttention;
import dev.detr4j.op.Clamp;
import dev.detr4j.op.Convolution;
import dev.detr4j.op.DistanceBoxes;
import dev.detr4j.op.Gate;
import dev.detr4j.op.Gather;
import dev.detr4j.op.GlobalResponseNorm;
import dev.detr4j.op.GroupNorm;
import dev.detr4j.op.KernelWindow;
import dev.detr4j.op.LayerNorm;
import dev.detr4j.op.LevelShape;
import dev.detr4j.op.Linear;
import dev.detr4j.op.MaxPool;
import dev.detr4j.op.MsDeformAttention;
import dev.detr4j.op.Multiply;
import dev.detr4j.op.Nms;
import dev.detr4j.op.OpSpec;
import dev.detr4j.op.ProposalEmbedding;
import dev.detr4j.op.ResamplingTable;
import dev.detr4j.op.ResizeNormalize;
import dev.detr4j.op.RowMask;
import dev.detr4j.op.RowMax;
import dev.detr4j.op.SinePositionEmbedding;
import dev.detr4j.op.SoftNms;
import dev.detr4j.op.TopK;
import dev.detr4j.op.TopProbabilities;
import dev.detr4j.op.Upsample;
import dev.detr4j.op.WeightedOp;
import dev.detr4j.tensor.Shape;
import dev.detr4j.tensor.Weight;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every parameter of every operation reaches the C library: small cases against the reference. */
class CBackendTest {
  private static final long SEED = 20;
  private static final double TOLERANCE = 2e-5;

  @BeforeEach
  void requireLibrary() {
    String reason = new CBackendProvider().unavailable(options(1, null));
    boolean required =
        Arrays.asList(System.getProperty("detr4j.test.requireBackends", "").split(",", -1))
            .contains("c");
    if (reason != null && required) {
      fail("backend c is required: " + reason);
    }
    assumeTrue(reason == null, reason);
  }

  static Stream<NodeCase> cases() {
    Random random = new Random(SEED);
    List<NodeCase> cases = new ArrayList<>();
    addSums(cases, random);
    addConvolutions(cases, random);
    addAttention(cases, random);
    addBoxes(cases, random);
    addNecks(cases, random);
    addDistributions(cases, random);
    addSelection(cases, random);
    addImage(cases, random);
    addManyTiles(cases, random);
    return cases.stream();
  }

  @Test
  void everyOperationHasACase() {
    Set<Class<?>> covered = new HashSet<>();
    cases().forEach(each -> covered.add(each.op().getClass()));
    // Those of training have their cases in OpParityTest alone.
    assertEquals(
        Stream.of(OpSpec.class.getPermittedSubclasses())
            .filter(Class::isRecord)
            .collect(Collectors.toSet()),
        covered);
  }

  @ParameterizedTest
  @MethodSource("cases")
  void matchesReferenceInEveryTier(NodeCase each) {
    for (CpuTier tier : CpuTier.available(NativeLibrary.load())) {
      for (int threads = 1; threads <= 3; threads += 2) {
        try (Backend reference = new ReferenceBackendProvider().open(options(1, null));
            Backend c = new CBackendProvider().open(options(threads, tier.name()))) {
          assertEquals(
              tier.name() + (tier.name().endsWith("-bf16") ? " with fp32 products" : ""),
              c.instructionSet());
          each.assertSame(reference, c, TOLERANCE);
        }
      }
    }
  }

  @Test
  void runningAllocatesNothing() {
    com.sun.management.ThreadMXBean threads =
        (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
    try (Backend c = new CBackendProvider().open(options(1, null))) {
      cases()
          .forEach(each -> {
            try (NodeCase.Bound bound = each.bind(c)) {
              for (int i = 0; i < 50; i++) {
                bound.run();
              }
              // The smallest of several windows: the JVM may compile on this thread's account in
              // one of them.
              long least = Long.MAX_VALUE;
              for (int window = 0; window < 5; window++) {
                long before = threads.getCurrentThreadAllocatedBytes();
                bound.run();
                least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
              }
              assertEquals(0, least, () -> each.op() + " allocates");
            }
          });
    }
  }

  @Test
  void failingKernelNamesTheNodeAndTheStatus() {
    NodeCase outside =
        NodeCase.of(
            new Gather(), Values.f32(Shape.of(1, 2, 2), 1, 2, 3, 4), Values.i32(Shape.of(1, 1), 2));
    try (Backend c = new CBackendProvider().open(options(1, null))) {
      BackendException e = assertThrows(BackendException.class, () -> outside.run(c));
      assertEquals(
          "case (Gather): the C library failed in tile 0 of 1: status -1, a parameter is outside its range",
          e.getMessage());
    }
  }

  @Test
  void unknownInstructionSetListsTheKnown() {
    BackendException e =
        assertThrows(
            BackendException.class, () -> new CBackendProvider().open(options(1, "avx1024")));
    assertTrue(
        e.getMessage().startsWith("instruction set avx1024 does not exist; this CPU has baseline"),
        e.getMessage());
    assertEquals(e.getMessage(), new CBackendProvider().unavailable(options(1, "avx1024")));
  }

  @Test
  void instructionSetOfAnotherProcessorIsRefused() {
    String foreign = System.getProperty("os.arch").equals("aarch64") ? "avx512" : "neon";
    String reason = new CBackendProvider().unavailable(options(1, foreign));
    assertTrue(
        String.valueOf(reason)
            .startsWith("instruction set " + foreign + " is not available on this CPU"),
        reason);
  }

  private static void addSums(List<NodeCase> cases, Random random) {
    Shape shape = Shape.of(2, 5, 37);
    cases.add(NodeCase.of(new Add(), normal(random, shape), normal(random, shape)));
    for (boolean residual : new boolean[] {false, true}) {
      for (boolean addend : new boolean[] {false, true}) {
        List<Values> inputs = new ArrayList<>(List.of(normal(random, shape)));
        if (residual) {
          inputs.add(normal(random, shape));
        }
        if (addend) {
          inputs.add(normal(random, shape));
        }
        cases.add(
            NodeCase.of(
                weighted(random, new LayerNorm(37, 1e-5f, residual, addend)),
                inputs.toArray(new Values[0])));
      }
    }
    cases.add(
        NodeCase.of(
            weighted(random, new GroupNorm(4, 24, 1e-5f)), normal(random, Shape.of(2, 5, 7, 24))));
    cases.add(
        NodeCase.of(
            weighted(random, new GlobalResponseNorm(24, 1e-6f)),
            normal(random, Shape.of(2, 5, 7, 24))));
    cases.add(NodeCase.of(new MaxPool(3, 2, 1), normal(random, Shape.of(2, 7, 9, 19))));
  }

  private static void addConvolutions(List<NodeCase> cases, Random random) {
    cases.add(
        NodeCase.of(
            weighted(
                random,
                Convolution.of(3, 21, KernelWindow.square(7).withStride(2).withPadding(3))
                    .withActivation(Activation.RELU)),
            normal(random, Shape.of(2, 15, 17, 3))));
    cases.add(
        NodeCase.of(
            weighted(
                random,
                new Convolution(
                    20, 34, new KernelWindow(3, 2, 1, 2, 2), 2, true, Activation.GELU, true)),
            normal(random, Shape.of(2, 6, 5, 20)),
            normal(random, Shape.of(2, 6, 7, 34))));
    cases.add(
        NodeCase.of(
            weighted(
                random,
                Convolution.of(19, 19, KernelWindow.square(3).withStride(2).withPadding(1))
                    .withGroups(19)
                    .withBias()
                    .withResidual()),
            normal(random, Shape.of(2, 9, 8, 19)),
            normal(random, Shape.of(2, 5, 4, 19))));
    Weight weight = weight(random, 33, 18);
    Weight bias = weight(random, 33);
    Values x = normal(random, Shape.of(2, 7, 18));
    Values mask = Values.u8(Shape.of(2, 7), 1, 0, 1, 1, 0, 1, 1, 0, 1, 1, 1, 1, 0, 1);
    cases.add(NodeCase.of(WeightedOp.linear(weight, bias, Activation.RELU), x));
    cases.add(
        NodeCase.of(
            WeightedOp.linear(weight, null, Activation.GELU).as(Linear::withResidual),
            x,
            normal(random, Shape.of(2, 7, 33))));
    cases.add(
        NodeCase.of(
            WeightedOp.linear(weight, bias, Activation.NONE)
                .as(op -> op.withRowMask(RowMask.ZERO_INPUT)),
            x,
            mask));
    cases.add(
        NodeCase.of(
            WeightedOp.linear(weight, bias, Activation.NONE)
                .as(op -> op.withRowMask(RowMask.ZERO_OUTPUT).withResidual()),
            x,
            normal(random, Shape.of(2, 7, 33)),
            mask));
  }

  private static void addAttention(List<NodeCase> cases, Random random) {
    Shape queries = Shape.of(2, 5, 24);
    Shape keys = Shape.of(2, 9, 24);
    Values mask = Values.u8(Shape.of(2, 9), 1, 1, 0, 1, 1, 1, 0, 1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 1);
    cases.add(
        NodeCase.of(
            new Attention(3, 8, 0.35f, false),
            normal(random, queries),
            normal(random, keys),
            normal(random, keys)));
    cases.add(
        NodeCase.of(
            new Attention(3, 8, 0.35f, true),
            normal(random, queries),
            normal(random, keys),
            normal(random, keys),
            mask));
    List<LevelShape> levels = List.of(new LevelShape(4, 5), new LevelShape(2, 3));
    for (int columns = 2; columns <= 4; columns += 2) {
      cases.add(
          NodeCase.of(
                  new MsDeformAttention(3, 8, levels, 2, columns),
                  normal(random, Shape.of(2, 26, 24)),
                  normal(random, Shape.of(2, 7, 24)),
                  normal(random, Shape.of(2, 7, 12)),
                  unit(random, Shape.of(2, 7, columns)),
                  Values.f32(Shape.of(2, 2, 2), 1, 1, 1, 1, 0.75, 0.8, 0.7, 1))
              .lastContiguous());
    }
  }

  private static void addBoxes(List<NodeCase> cases, Random random) {
    cases.add(
        NodeCase.of(
            weighted(
                random,
                new SinePositionEmbedding(
                    5, 6, 8, -0.5f, List.of(new LevelShape(5, 6), new LevelShape(3, 4)), true))));
    cases.add(
        NodeCase.of(new SinePositionEmbedding(3, 4, 6, 0, List.of(new LevelShape(2, 4)), false)));
    cases.add(NodeCase.of(new ProposalEmbedding(10), unit(random, Shape.of(2, 5, 4))));
    for (BoxRefinement.Reference reference : BoxRefinement.Reference.values()) {
      Values delta = normal(random, Shape.of(2, 5, 4));
      BoxRefinement op = new BoxRefinement(reference, 4, 1e-3f);
      cases.add(
          reference == BoxRefinement.Reference.NONE
              ? NodeCase.of(op, delta)
              : NodeCase.of(op, delta, unit(random, Shape.of(2, 5, reference.columns()))));
    }
  }

  private static void addNecks(List<NodeCase> cases, Random random) {
    cases.add(NodeCase.of(new AveragePool(3, 2), normal(random, Shape.of(2, 8, 11, 19))));
    cases.add(NodeCase.of(new Upsample(2), normal(random, Shape.of(2, 3, 5, 19))));
    cases.add(NodeCase.of(new RowMax(), normal(random, Shape.of(2, 5, 37))));
    Shape map = Shape.of(2, 5, 37);
    cases.add(NodeCase.of(new Multiply(), normal(random, map), normal(random, map)));
    cases.add(
        NodeCase.of(
            weighted(
                random,
                Convolution.of(20, 34, KernelWindow.square(3).withPadding(1))
                    .withBias()
                    .withActivation(Activation.SILU)),
            normal(random, Shape.of(2, 6, 5, 20))));
    List<LevelShape> levels = List.of(new LevelShape(4, 5), new LevelShape(2, 3));
    cases.add(
        NodeCase.of(
            new CellAttention(3, 8, levels, 2),
            normal(random, Shape.of(2, 26, 24)),
            normal(random, Shape.of(2, 7, 24)),
            normal(random, Shape.of(2, 7, 12)),
            unit(random, Shape.of(2, 7, 4))));
  }

  private static void addDistributions(List<NodeCase> cases, Random random) {
    cases.add(NodeCase.of(new Clamp(-0.25f, 0.5f), normal(random, Shape.of(2, 5, 37))));
    Shape gates = Shape.of(2, 5, 38);
    cases.add(NodeCase.of(new Gate(), normal(random, gates), normal(random, gates)));
    cases.add(
        NodeCase.of(
            weighted(random, new DistanceBoxes(9)),
            normal(random, Shape.of(2, 5, 36)),
            unit(random, Shape.of(2, 5, 4))));
    cases.add(NodeCase.of(new TopProbabilities(4, 9, 3), normal(random, Shape.of(2, 5, 36))));
  }

  private static void addSelection(List<NodeCase> cases, Random random) {
    cases.add(NodeCase.of(new TopK(11), normal(random, Shape.of(2, 9, 5))));
    cases.add(
        NodeCase.of(
            new Gather(),
            normal(random, Shape.of(2, 6, 5)),
            Values.i32(Shape.of(2, 3), 5, 0, 3, 2, 2, 4)));
    // All boxes are kept, so that no output is unspecified.
    Values boxes = Values.f32(Shape.of(1, 3, 4), 0, 0, 4, 4, 1, 0, 5, 4, 20, 20, 30, 30);
    Values scores = Values.f32(Shape.of(1, 3), 0.9, 0.8, 0.7);
    Values labels = Values.i32(Shape.of(1, 3), 0, 0, 1);
    cases.add(NodeCase.of(new Nms(0.9f), boxes, scores, labels).contiguous());
    for (SoftNms.Decay decay : new SoftNms.Decay[] {SoftNms.Decay.GAUSSIAN, SoftNms.Decay.LINEAR}) {
      cases.add(
          NodeCase.of(new SoftNms(decay, 0.5f, 0.3f, 0.001f), boxes, scores, labels).contiguous());
    }
    cases.add(
        NodeCase.of(new SoftNms(SoftNms.Decay.HARD, 0.5f, 0.9f, 0.001f), boxes, scores, labels)
            .contiguous());
  }

  private static void addImage(List<NodeCase> cases, Random random) {
    List<Float> lookup = new ArrayList<>();
    for (int channel = 0; channel < 3; channel++) {
      for (int value = 0; value < 256; value++) {
        lookup.add(value / 128f - channel);
      }
    }
    double[] pixels = random.ints(4 * 6 * 3, 0, 256).asDoubleStream().toArray();
    Values image = Values.u8(Shape.of(1, 4, 6, 3), pixels);
    ResamplingTable halve =
        new ResamplingTable(
            6,
            new int[] {0, 2, 3},
            new int[] {2, 3, 3},
            new int[] {128, 128, 0, 64, 128, 64, 90, 90, 76},
            3,
            8);
    ResamplingTable rows =
        new ResamplingTable(
            4, new int[] {0, 1}, new int[] {2, 2}, new int[] {512, 512, 300, 724}, 2, 10);
    cases.add(
        NodeCase.of(
                new ResizeNormalize(4, 6, 2, 3, 3, 5, halve, rows, ROUND_EACH_PASS, lookup), image)
            .contiguous());
    cases.add(
        NodeCase.of(
                new ResizeNormalize(4, 6, 4, 6, 5, 6, null, null, ROUND_EACH_PASS, lookup), image)
            .contiguous());
  }

  /** Large enough to be cut: three threads want twelve tiles. */
  private static void addManyTiles(List<NodeCase> cases, Random random) {
    cases.add(
        NodeCase.of(
            weighted(random, Convolution.of(16, 40, KernelWindow.square(3).withPadding(1))),
            normal(random, Shape.of(2, 37, 61, 16))));
    cases.add(
        NodeCase.of(
            weighted(random, Linear.of(64, 700).withActivation(Activation.RELU)),
            normal(random, Shape.of(1, 100, 64))));
    cases.add(
        NodeCase.of(
            weighted(random, LayerNorm.of(64, 1e-5f)), normal(random, Shape.of(2, 1009, 64))));
    cases.add(
        NodeCase.of(
            weighted(random, new GroupNorm(8, 64, 1e-5f)), normal(random, Shape.of(2, 1009, 64))));
    cases.add(
        NodeCase.of(
                new MsDeformAttention(2, 16, List.of(new LevelShape(23, 31)), 4, 2),
                normal(random, Shape.of(1, 713, 32)),
                normal(random, Shape.of(1, 501, 16)),
                normal(random, Shape.of(1, 501, 8)),
                unit(random, Shape.of(1, 501, 2)),
                Values.f32(Shape.of(1, 1, 2), 1, 0.9))
            .lastContiguous());
  }

  private static BackendOptions options(int threads, String instructionSet) {
    return new BackendOptions(threads, instructionSet, 0);
  }

  private static Values normal(Random random, Shape shape) {
    return Values.f32(
        shape, random.doubles(shape.elements()).map(value -> 2 * value - 1).toArray());
  }

  private static Values unit(Random random, Shape shape) {
    return Values.f32(shape, random.doubles(shape.elements(), 0.05, 0.95).toArray());
  }

  private static <S extends OpSpec> WeightedOp<S> weighted(Random random, S op) {
    return new WeightedOp<>(
        op, op.weights().stream().map(each -> weight(random, each.shape())).toList());
  }

  private static Weight weight(Random random, int... extents) {
    return weight(random, Shape.of(extents));
  }

  private static Weight weight(Random random, Shape shape) {
    double[] values = random.doubles(shape.elements(), -0.5, 0.5).toArray();
    return new Weight() {
      @Override
      public String name() {
        return "test " + shape;
      }

      @Override
      public Shape shape() {
        return shape;
      }

      @Override
      public void read(MemorySegment destination) {
        for (int i = 0; i < values.length; i++) {
          destination.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) values[i]);
        }
      }
    };
  }
}
