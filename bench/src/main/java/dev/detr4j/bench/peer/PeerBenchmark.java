package dev.detr4j.bench.peer;

import dev.detr4j.bench.model.BenchmarkModel;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
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
 * One run of a model in a contender of {@link CompareCommand}, each in a JVM of its own: normalised
 * pixels in, raw logits and boxes out. Figures that are to be compared come from that command,
 * which runs all in turn and compares what they compute; this one has JMH's profilers.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(3)
@Warmup(iterations = 3, time = 5)
@Measurement(iterations = 5, time = 10)
public class PeerBenchmark {
  /**
   * A folder with {@code model.onnx} or {@code traced.pt} for the peers, or {@value
   * BenchmarkModel#SMALL}, which has neither.
   */
  @Param(BenchmarkModel.SMALL)
  public String model;

  /** A peer as in {@code --peers}, or a backend as in {@code --backends}. */
  @Param({"c", "vector"})
  public String contender;

  /** Threads of the contender. */
  @Param({"1", "2"})
  public int threads;

  /** Rows of the input; 0 for those that the model's target is stated for. */
  @Param("0")
  public int height;

  /** Columns of the input, likewise. */
  @Param("0")
  public int width;

  /** For torch: a Python with torch and transformers. */
  @Param("python3")
  public String python;

  private BenchmarkModel files;
  private Contender opened;

  /** Loads the model and runs it once. */
  @Setup
  public void open() {
    files = BenchmarkModel.of(model);
    ModelFolder folder = ModelFolder.of(files.path());
    FormulaPixels pixels =
        FormulaPixels.of(
            height == 0 ? folder.defaultHeight() : height,
            width == 0 ? folder.defaultWidth() : width);
    PeerTools tools = new PeerTools(python, Path.of(System.getProperty("detr4j.home", "")));
    opened =
        Peer.isOne(contender)
            ? Peer.of(contender).open(folder, threads, pixels, tools)
            : new PlannedModel(folder, OwnBackend.of(contender), threads, pixels);
    opened.run();
  }

  /** Closes all. */
  @TearDown
  public void close() {
    opened.close();
    files.close();
  }

  /** The run. */
  @Benchmark
  public void run() {
    opened.run();
  }
}
