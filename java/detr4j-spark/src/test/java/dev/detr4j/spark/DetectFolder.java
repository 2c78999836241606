package dev.detr4j.spark;

import java.io.IOException;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/** A program for spark-submit: the photos of a folder to a Parquet file of detections. */
public final class DetectFolder {
  private DetectFolder() {}

  /** Takes the folder of photos, the folder to write, and the model. */
  public static void main(String[] arguments) throws IOException {
    String photos = arguments[0];
    String output = arguments[1];
    DetectorOptions options = DetectorOptions.defaults().model(arguments[2]).threshold(0.4);
    try (SparkSession spark = SparkSession.builder().appName("detect").getOrCreate()) {
      Dataset<Row> images = spark.read().format("binaryFile").load(photos);
      SparkDetection.detect(images, options).drop("content").write().parquet(output);
    }
  }
}
