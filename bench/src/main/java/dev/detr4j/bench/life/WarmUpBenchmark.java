package dev.detr4j.bench.life;

import dev.detr4j.Detector;
import dev.detr4j.DetectorSession;
import dev.detr4j.WarmUp;
import dev.detr4j.bench.model.BenchmarkModel;
import java.time.Duration;
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
 * {@link DetectorSession#warmUp} in a JVM that has not run a kernel yet: five JVMs, one shot each.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(5)
@Warmup(iterations = 0)
@Measurement(iterations = 1)
public class WarmUpBenchmark {
  /** {@value BenchmarkModel#SMALL}, or the path of a checkpoint. */
  @Param(BenchmarkModel.SMALL)
  public String model;

  /** Which kernels. */
  @Param({"vector", "c"})
  public String backend;

  /** Threads of the detector, the caller included. */
  @Param("2")
  public int threads;

  /** When to stop if calls are still getting faster. */
  @Param("10000")
  public int atMostMillis;

  private BenchmarkModel files;
  private Detector detector;
  private DetectorSession session;

  /** Opens a detector. */
  @Setup(Level.Trial)
  public void open() {
    files = BenchmarkModel.of(model);
    detector = files.builder(backend, threads).build();
    session = detector.newSession();
  }

  /** Closes all. */
  @TearDown(Level.Trial)
  public void close() {
    session.close();
    detector.close();
    files.close();
  }

  /** Until calls have stopped getting faster. */
  @Benchmark
  public WarmUp warmUp() {
    return session.warmUp(640, 512, Duration.ofMillis(atMostMillis));
  }
}
