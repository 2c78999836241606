package dev.detr4j.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.detr4j.Detector;
import dev.detr4j.model.codes.CodesModel;
import java.nio.file.Path;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.streaming.DataStreamWriter;
import org.apache.spark.sql.streaming.StreamingQuery;
import org.apache.spark.sql.streaming.Trigger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A stream that is stopped in the middle and started again detects in each photo once. */
class DetectArrivalsTest {
  @TempDir private static Path folder;
  private static SparkSession spark;

  @BeforeAll
  static void start() {
    spark = LocalSpark.start(folder);
  }

  @AfterAll
  static void stop() {
    spark.stop();
  }

  @Test
  void eachPhotoOnceOverARestart() throws Exception {
    Path photos = folder.resolve("photos");
    String output = folder.resolve("found").toString();
    Photos.write(photos, 0, 8);
    StreamingQuery first = stream(photos, output).trigger(Trigger.ProcessingTime(0)).start();
    first.processAllAvailable();
    Photos.write(photos, 8, 8);
    // Most often within the batch of these: the second run finds out from the checkpoint.
    long patience = System.nanoTime() + 10_000_000_000L;
    while (!first.status().isDataAvailable() && System.nanoTime() < patience) {
      Thread.sleep(1);
    }
    first.stop();
    Photos.write(photos, 16, 4);
    StreamingQuery second = stream(photos, output).trigger(Trigger.AvailableNow()).start();
    assertTrue(second.awaitTermination(120_000));
    try (Detector plain = Detector.builder(CodesModel.folder()).build()) {
      assertEquals(Photos.found(plain, photos), Photos.lines(spark.read().parquet(output)));
    }
  }

  private static DataStreamWriter<Row> stream(Path photos, String output) {
    return DetectArrivals.stream(spark, photos.toString(), output, DetectorOptions.defaults());
  }
}
