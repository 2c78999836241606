package dev.detr4j.bench.model;

import dev.detr4j.Detections;
import dev.detr4j.Detector;
import dev.detr4j.DetectorBuilder;
import dev.detr4j.DetectorSession;
import dev.detr4j.backend.Precision;
import dev.detr4j.image.ImageView;
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
 * One call of a warm session: resize, network, selection. Every call is a sample, so p50, p90 and
 * p99 are those of calls.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(3)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 5)
public class DetectionBenchmark {
  /** {@value BenchmarkModel#SMALL}, or the path of a checkpoint. */
  @Param(BenchmarkModel.SMALL)
  public String model;

  /** Which kernels; reference takes seconds a call. */
  @Param({"vector", "c"})
  public String backend;

  /** The instruction set that backend c is lowered to, as in x86-64-v3; {@code best} for all. */
  @Param("best")
  public String tier;

  /** What products are computed in; bf16 on backend c alone, where the processor has it. */
  @Param("FP32")
  public Precision precision;

  /** Threads of the detector, the caller included. */
  @Param({"1", "2"})
  public int threads;

  /** Width and height of the picture. */
  @Param("640x512")
  public String picture;

  private BenchmarkModel files;
  private Detector detector;
  private DetectorSession session;
  private Detections found;
  private ImageView image;

  /** Opens the detector and calls it once, which plans for the size and packs the weights. */
  @Setup(Level.Trial)
  public void open() {
    files = BenchmarkModel.of(model);
    DetectorBuilder builder = files.builder(backend, threads).precision(precision);
    if (!tier.equals("best")) {
      builder.instructionSet(tier);
    }
    detector = builder.build();
    session = detector.newSession();
    found = session.newDetections();
    image = BenchmarkModel.picture(picture);
    session.detect(image, found);
  }

  /** Closes all. */
  @TearDown(Level.Trial)
  public void close() {
    session.close();
    detector.close();
    files.close();
  }

  /** The call. */
  @Benchmark
  public Detections detect() {
    session.detect(image, found);
    return found;
  }
}
