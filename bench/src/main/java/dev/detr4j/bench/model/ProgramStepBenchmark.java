package dev.detr4j.bench.model;

import dev.detr4j.backend.Backend;
import dev.detr4j.backend.BackendKind;
import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.Program;
import dev.detr4j.backend.Queue;
import dev.detr4j.op.Add;
import dev.detr4j.parity.ParityTarget;
import dev.detr4j.tensor.Buffer;
import dev.detr4j.tensor.ElementType;
import dev.detr4j.tensor.Shape;
import dev.detr4j.tensor.TensorView;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What a step of a program costs beside its kernel: a program of as many steps as a detector has,
 * each of which adds sixteen numbers. The time is that of one step, with that addition and, on
 * backend c, with the call into the library.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(3)
@Warmup(iterations = 4, time = 1)
@Measurement(iterations = 7, time = 1)
public class ProgramStepBenchmark {
  private static final int STEPS = 256;

  /** Which kernels. */
  @Param({"vector", "c"})
  public String backend;

  /** Threads of the backend; a step of one tile stays with the caller. */
  @Param({"1", "2"})
  public int threads;

  private Backend opened;
  private Queue queue;
  private Program program;
  private final List<Buffer> buffers = new ArrayList<>();

  /** Makes a benchmark; JMH does. */
  public ProgramStepBenchmark() {}

  /** Opens the backend and binds the program. */
  @Setup(Level.Trial)
  public void open() {
    opened = ParityTarget.of(BackendKind.of(backend), null, threads).open();
    queue = opened.newQueue();
    TensorView a = row();
    TensorView b = row();
    TensorView out = row();
    BoundNode[] steps = new BoundNode[STEPS];
    Arrays.setAll(steps, i -> new BoundNode("step " + i, new Add(), List.of(a, b), List.of(out)));
    program = queue.compile(List.of(steps));
  }

  private TensorView row() {
    Shape shape = Shape.of(1, 1, 16);
    Buffer buffer = opened.allocate(64);
    buffers.add(buffer);
    return new TensorView(buffer, 0, ElementType.F32, shape, 16, 16);
  }

  /** Closes all. */
  @TearDown(Level.Trial)
  public void close() {
    program.close();
    queue.close();
    buffers.forEach(Buffer::close);
    opened.close();
  }

  /** The program; JMH divides by its steps. */
  @Benchmark
  @OperationsPerInvocation(STEPS)
  public void run() {
    queue.submit(program);
  }
}
