package dev.detr4j.backend.vector;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import dev.detr4j.backend.Backend;
import dev.detr4j.backend.BackendOptions;
import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.Program;
import dev.detr4j.backend.Queue;
import dev.detr4j.op.Activation;
import dev.detr4j.op.Convolution;
import dev.detr4j.op.KernelWindow;
import dev.detr4j.op.WeightedOp;
import dev.detr4j.tensor.Buffer;
import dev.detr4j.tensor.ElementType;
import dev.detr4j.tensor.Shape;
import dev.detr4j.tensor.TensorView;
import dev.detr4j.tensor.Weight;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What the compilers make of {@link WinogradConvolution}, in JVMs of their own; that it computes
 * the right thing is {@code OpParityTest}'s.
 */
class WinogradConvolutionTest {
  private static final String RESULT = "result ";
  private static final String BYTES = "bytes ";
  private static final String PROPERTY = "calls";

  /** Without C2 every vector is an object. */
  private static final String FEW_CALLS = "-D" + PROPERTY + "=3";

  @ParameterizedTest
  @ValueSource(ints = {128, 256, 512})
  void theFirstCompilerTakesEveryLine(int bits) throws Exception {
    String output =
        KernelJvm.run(
            Workload.class, bits, FEW_CALLS, "-XX:TieredStopAtLevel=3", "-XX:+PrintCompilation");
    for (String squares : List.of("WinogradSquares2", "WinogradSquares4")) {
      for (String line : List.of("inputLine", "outputLine")) {
        assertTrue(
            output.contains(squares + "::" + line), squares + " was not compiled:\n" + output);
      }
    }
    assertEquals(
        List.of(),
        output
            .lines()
            .filter(line -> line.contains("Winograd") && line.contains("COMPILE SKIPPED"))
            .toList());
  }

  @ParameterizedTest
  @ValueSource(ints = {128, 256, 512})
  void hotCodeGivesTheBitsOfTheFirstCallAndAllocatesNothing(int bits) throws Exception {
    // Compiling in the foreground, so that a busy machine has compiled as much by the last call.
    List<String> lines = KernelJvm.run(Workload.class, bits, "-Xbatch").lines().toList();
    List<String> results = lines.stream().filter(line -> line.startsWith(RESULT)).toList();
    assertEquals(1, results.size(), () -> "results of one input: " + lines);
    assertTrue(lines.contains(BYTES + 0), () -> "allocates: " + lines);
    List<String> firstCompiler =
        KernelJvm.run(Workload.class, bits, FEW_CALLS, "-XX:TieredStopAtLevel=1").lines().toList();
    assertTrue(firstCompiler.contains(results.getFirst()), () -> "C1 only: " + firstCompiler);
  }

  /** One convolution by 4x4 squares behind one by 2x2, both with tails of every kind. */
  static final class Workload {
    private static final int CALLS = Integer.getInteger(PROPERTY, 300);
    private static final int WINDOWS = 5;

    private Workload() {}

    /**
     * Prints the different results of many calls, and the fewest bytes that a late one allocated.
     */
    public static void main(String[] args) {
      ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
      WeightedOp<Convolution> small = convolution(41, 35, true);
      WeightedOp<Convolution> large = convolution(35, 37, false);
      try (Backend backend = new VectorBackendProvider().open(new BackendOptions(1, null, 0));
          Queue queue = backend.newQueue();
          Buffer buffer = backend.allocate(1 << 20)) {
        TensorView smallIn = view(buffer, 0, 7, 9, 41);
        TensorView skip = view(buffer, 1 << 16, 7, 9, 35);
        TensorView smallOut = view(buffer, 2 << 16, 7, 9, 35);
        TensorView largeIn = view(buffer, 4 << 16, 15, 17, 35);
        TensorView largeOut = view(buffer, 8 << 16, 15, 17, 37);
        List<BoundNode> nodes =
            List.of(
                node("2x2", small, List.of(smallIn, skip), smallOut),
                node("4x4", large, List.of(largeIn), largeOut));
        for (TensorView input : List.of(smallIn, skip, largeIn)) {
          fill(queue, input);
        }
        try (Program program = queue.compile(nodes)) {
          int last = 0;
          for (int call = 0; call < CALLS; call++) {
            queue.submit(program);
            int result = 31 * bits(queue, smallOut) + bits(queue, largeOut);
            if (call == 0 || result != last) {
              System.out.println(RESULT + result);
            }
            last = result;
          }
          // The smallest of several windows: the JVM may compile on this thread's account in one.
          long least = Long.MAX_VALUE;
          for (int window = 0; window < WINDOWS; window++) {
            long before = threads.getCurrentThreadAllocatedBytes();
            queue.submit(program);
            least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
          }
          System.out.println(BYTES + least);
        }
      }
    }

    private static WeightedOp<Convolution> convolution(int in, int out, boolean residual) {
      Convolution op =
          new Convolution(
              in,
              out,
              KernelWindow.square(3).withPadding(1),
              1,
              true,
              residual ? Activation.GELU : Activation.RELU,
              residual);
      return WeightedOp.of(op, new Waves(Shape.of(out, in, 3, 3)), new Waves(Shape.of(out)));
    }

    private static BoundNode node(
        String label, WeightedOp<?> op, List<TensorView> inputs, TensorView output) {
      return new BoundNode(label, op.op(), inputs, op.weights(), List.of(output));
    }

    private static TensorView view(Buffer buffer, long offset, int height, int width, int columns) {
      Shape shape = Shape.of(1, height, width, columns);
      return new TensorView(buffer, offset, ElementType.F32, shape, columns, shape.elements());
    }

    private static void fill(Queue queue, TensorView view) {
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment values = arena.allocate(view.spanBytes(), 64);
        new Waves(view.shape()).read(values);
        queue.upload(values, 0, view.buffer(), view.offset(), view.spanBytes());
      }
    }

    private static int bits(Queue queue, TensorView view) {
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment values = arena.allocate(view.spanBytes(), 64);
        queue.download(view.buffer(), view.offset(), values, 0, view.spanBytes());
        queue.synchronise();
        return Arrays.hashCode(values.toArray(ValueLayout.JAVA_INT));
      }
    }
  }

  /** Values between -1 and 1 by a formula. */
  private record Waves(Shape shape) implements Weight {
    @Override
    public String name() {
      return "waves " + shape;
    }

    @Override
    public void read(MemorySegment destination) {
      for (long i = 0; i < shape.elements(); i++) {
        destination.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) Math.sin(0.7 * i + shape.last()));
      }
    }
  }
}
