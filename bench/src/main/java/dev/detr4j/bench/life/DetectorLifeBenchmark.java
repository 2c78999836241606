package dev.detr4j.bench.life;

import dev.detr4j.Detections;
import dev.detr4j.Detector;
import dev.detr4j.DetectorSession;
import dev.detr4j.bench.model.BenchmarkModel;
import dev.detr4j.image.ImageView;
import java.util.ArrayDeque;
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
 * The stations of a detector's life in a JVM that has been through them before: each method starts
 * from what the station before it left, and is timed alone.
 *
 * <p>What a JVM pays the first time, classes and compilation, is in {@link WarmUpBenchmark}.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(3)
@Warmup(iterations = 10)
@Measurement(iterations = 20)
public class DetectorLifeBenchmark {
  /** {@value BenchmarkModel#SMALL}, or the path of a checkpoint. */
  @Param(BenchmarkModel.SMALL)
  public String model;

  /** Which kernels. */
  @Param({"vector", "c"})
  public String backend;

  /** Threads of the detector, the caller included. */
  @Param("2")
  public int threads;

  /** Width and height of the picture. */
  @Param("640x512")
  public String picture;

  private final Alive alive = new Alive();
  private BenchmarkModel files;
  private ImageView image;

  /** What is closed after the invocation if it is there. */
  private static final class Alive {
    private final ArrayDeque<AutoCloseable> things = new ArrayDeque<>();

    <T extends AutoCloseable> T add(T thing) {
      things.push(thing);
      return thing;
    }

    void close() throws Exception {
      while (!things.isEmpty()) {
        things.pop().close();
      }
    }
  }

  /** A detector that has detected once, so that its weights are packed. */
  @State(Scope.Thread)
  public static class Opened {
    private Detector detector;
    private DetectorSession session;

    /** Opens one for each invocation. */
    @Setup(Level.Invocation)
    public void open(DetectorLifeBenchmark life) {
      detector = life.newDetector();
      session = detector.newSession();
      session.detect(life.image, session.newDetections());
    }

    /** Closes it, again where the benchmark did. */
    @TearDown(Level.Invocation)
    public void close() {
      session.close();
      detector.close();
    }
  }

  /** Has the files ready. */
  @Setup(Level.Trial)
  public void prepare() {
    files = BenchmarkModel.of(model);
    image = BenchmarkModel.picture(picture);
  }

  /** Closes what an invocation has opened. */
  @TearDown(Level.Invocation)
  public void closeAlive() throws Exception {
    alive.close();
  }

  /** Removes the files. */
  @TearDown(Level.Trial)
  public void remove() {
    files.close();
  }

  private Detector newDetector() {
    return files.builder(backend, threads).build();
  }

  /** From the path to a detector: weights are mapped, not read. */
  @Benchmark
  public Detector open() {
    return alive.add(newDetector());
  }

  /** From the path to the first detections: opening, planning, packing, one call. */
  @Benchmark
  public Detections openAndDetect() {
    Detector detector = alive.add(newDetector());
    DetectorSession session = alive.add(detector.newSession());
    Detections found = session.newDetections();
    session.detect(image, found);
    return found;
  }

  /** A further session of a detector and its first call: planning and one call. */
  @Benchmark
  public Detections newSession(Opened opened) {
    DetectorSession session = alive.add(opened.detector.newSession());
    Detections found = session.newDetections();
    session.detect(image, found);
    return found;
  }

  /** Closing a session and its detector. */
  @Benchmark
  public void close(Opened opened) {
    opened.session.close();
    opened.detector.close();
  }
}
