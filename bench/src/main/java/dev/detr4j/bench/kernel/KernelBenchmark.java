package dev.detr4j.bench.kernel;

import dev.detr4j.backend.Backend;
import dev.detr4j.backend.BackendKind;
import dev.detr4j.backend.Precision;
import dev.detr4j.parity.ParityTarget;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * One operation on one backend; each subclass is one operation.
 *
 * <p>Inputs are written once and stay where the caches leave them, as in a network, where the step
 * before has just written them. Results go to memory that the compiler knows nothing about, so no
 * work can be left out.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(3)
@Warmup(iterations = 4, time = 1)
@Measurement(iterations = 7, time = 1)
public abstract class KernelBenchmark {
  /** Which kernels; reference is slow at real sizes. */
  @Param({"reference", "vector", "c"})
  public String backend;

  /** The instruction set that backend c is lowered to, as in x86-64-v3; {@code best} for all. */
  @Param("best")
  public String tier;

  /** What products are computed in; bf16 on backend c alone, where the processor has it. */
  @Param("FP32")
  public Precision precision;

  /** Threads that run the kernel, the caller included. */
  @Param("1")
  public int threads;

  /** REAL, or SMALL for a test that the benchmark runs. */
  @Param("REAL")
  public CaseSize size;

  private Backend opened;
  private KernelRun run;

  /** The operation that the parameters stand for. */
  abstract KernelCase kernel(CaseSize size);

  /** Opens the backend and binds the operation. */
  @Setup(Level.Trial)
  public void open() {
    ParityTarget target =
        ParityTarget.of(BackendKind.of(backend), tier.equals("best") ? null : tier, threads);
    opened =
        new ParityTarget(target.kind(), target.options().withPrecision(precision), target.tier())
            .open();
    try {
      run = new KernelRun(opened, kernel(size));
    } catch (RuntimeException e) {
      opened.close();
      throw e;
    }
  }

  /** Closes both. */
  @TearDown(Level.Trial)
  public void close() {
    run.close();
    opened.close();
  }

  /** The operation. */
  @Benchmark
  public void run() {
    run.run();
  }
}
