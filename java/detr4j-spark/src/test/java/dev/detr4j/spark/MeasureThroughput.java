package dev.detr4j.spark;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.size;
import static org.apache.spark.sql.functions.sum;

import com.sun.management.OperatingSystemMXBean;
import dev.detr4j.Detector;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Images a second of Spark on local[2], job and file listing included, and of a plain loop of two
 * threads over the same detector and files, by turns in one JVM. Prints a table, asserts no time.
 *
 * <p>Its name is not that of a test, so that only {@code -Dtest=MeasureThroughput} runs it. {@code
 * -Ddetr4j.measure.images} and {@code -Ddetr4j.measure.rounds} change its size, {@code
 * -Ddetr4j.measure.openCost} the size of tasks.
 */
class MeasureThroughput {
  private static final int IMAGES = Integer.getInteger("detr4j.measure.images", 2000);
  private static final int ROUNDS = Integer.getInteger("detr4j.measure.rounds", 5);

  private static final int THREADS = 2;

  /** Spark's own value is 4 MiB, which makes tasks of about 30 small files. */
  private static final String OPEN_COST = System.getProperty("detr4j.measure.openCost", "1m");

  @TempDir private Path folder;

  /** Detections of the last run, and in how many images: the next run has to find as many. */
  private long found;

  private int of;

  @Test
  void measure() throws Exception {
    Path photos = folder.resolve("photos");
    Photos.write(photos, IMAGES);
    DetectorOptions options = DetectorOptions.defaults().threads(1);
    Detector detector = ExecutorDetectors.get(options, null);
    try (SparkSession spark = LocalSpark.start(folder)) {
      spark.conf().set("spark.sql.files.openCostInBytes", OPEN_COST);
      // A round that does not count: the JVM compiles what both run.
      plain(detector, photos);
      spark(spark, options, photos);
      List<Double> ratios = new ArrayList<>();
      List<Double> processorRatios = new ArrayList<>();
      System.out.printf(
          "| round | plain loop, images/s | Spark, images/s | ratio | plain loop, processor ms an image | Spark, processor ms an image | ratio |%n"
              + "|---|---:|---:|---:|---:|---:|---:|%n");
      for (int round = 1; round <= ROUNDS; round++) {
        Speed plain;
        Speed throughSpark;
        if (round % 2 == 1) {
          plain = plain(detector, photos);
          throughSpark = spark(spark, options, photos);
        } else {
          throughSpark = spark(spark, options, photos);
          plain = plain(detector, photos);
        }
        ratios.add(throughSpark.perSecond() / plain.perSecond());
        processorRatios.add(plain.processorMillis() / throughSpark.processorMillis());
        System.out.printf(
            Locale.ROOT,
            "| %d | %.1f | %.1f | %.3f | %.2f | %.2f | %.3f |%n",
            round,
            plain.perSecond(),
            throughSpark.perSecond(),
            ratios.getLast(),
            plain.processorMillis(),
            throughSpark.processorMillis(),
            processorRatios.getLast());
      }
      System.out.printf(
          "%d images, openCostInBytes %s; ratio of images/s %s; ratio of processor time %s%n",
          IMAGES, OPEN_COST, spread(ratios), spread(processorRatios));
    }
  }

  private static String spread(List<Double> ratios) {
    List<Double> sorted = ratios.stream().sorted().toList();
    return String.format(
        Locale.ROOT,
        "median %.3f, from %.3f to %.3f",
        sorted.get(sorted.size() / 2),
        sorted.getFirst(),
        sorted.getLast());
  }

  /**
   * How fast a run was.
   *
   * @param perSecond images a second, by the clock: other work on the machine slows it down
   * @param processorMillis processor time of this JVM for an image, whatever else the machine did
   */
  private record Speed(double perSecond, double processorMillis) {}

  private Speed plain(Detector detector, Path photos) throws Exception {
    long processor = processorNanos();
    long start = System.nanoTime();
    List<Path> files = Photos.in(photos);
    AtomicInteger next = new AtomicInteger();
    long detections = 0;
    try (ExecutorService threads = Executors.newFixedThreadPool(THREADS)) {
      List<Future<Integer>> parts = new ArrayList<>();
      for (int i = 0; i < THREADS; i++) {
        parts.add(
            threads.submit(() -> {
              int part = 0;
              for (int at = next.getAndIncrement();
                  at < files.size();
                  at = next.getAndIncrement()) {
                part += detector.detect(files.get(at)).size();
              }
              return part;
            }));
      }
      for (Future<Integer> each : parts) {
        detections += each.get();
      }
    }
    return speed(files.size(), start, processor, detections);
  }

  private Speed spark(SparkSession spark, DetectorOptions options, Path photos) throws Exception {
    long processor = processorNanos();
    long start = System.nanoTime();
    long detections =
        SparkDetection.detect(spark.read().format("binaryFile").load(photos.toString()), options)
            .agg(sum(size(col("detections"))))
            .first()
            .getLong(0);
    return speed(Photos.in(photos).size(), start, processor, detections);
  }

  private Speed speed(int images, long start, long processor, long detections) {
    double seconds = (System.nanoTime() - start) / 1e9;
    double processorMillis = (processorNanos() - processor) / 1e6;
    if (of == images && found != detections) {
      throw new AssertionError("%d detections, before %d".formatted(detections, found));
    }
    of = images;
    found = detections;
    return new Speed(images / seconds, processorMillis / images);
  }

  private static long processorNanos() {
    return ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
        .getProcessCpuTime();
  }
}
