package dev.detr4j.spark;

import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.streaming.DataStreamWriter;
import org.apache.spark.sql.types.StructType;

/** Structured streaming: photos that arrive in a folder. */
final class DetectArrivals {
  private static final StructType BINARY_FILE =
      StructType.fromDDL("path STRING, modificationTime TIMESTAMP, length BIGINT, content BINARY");

  private DetectArrivals() {}

  /** A stream from a folder of photos to a folder of Parquet files. */
  static DataStreamWriter<Row> stream(
      SparkSession spark, String photos, String output, DetectorOptions options) {
    Dataset<Row> images = spark.readStream().format("binaryFile").schema(BINARY_FILE).load(photos);
    return SparkDetection.detect(images, options)
        .drop("content")
        .writeStream()
        .format("parquet")
        .option("path", output)
        .option("checkpointLocation", output + "-checkpoint");
  }
}
