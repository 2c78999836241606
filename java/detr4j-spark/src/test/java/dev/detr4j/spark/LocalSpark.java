package dev.detr4j.spark;

import java.nio.file.Path;
import org.apache.spark.sql.SparkSession;

/** Spark inside this JVM, with the function in its SQL. A JVM has one at a time. */
final class LocalSpark {
  private LocalSpark() {}

  static SparkSession start(Path folder) {
    return SparkSession.builder()
        .master("local[2]")
        .config("spark.ui.enabled", false)
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.local.dir", folder.resolve("local").toString())
        .config("spark.sql.warehouse.dir", folder.resolve("warehouse").toString())
        .config("spark.sql.shuffle.partitions", 2)
        .config("spark.sql.extensions", DetectorExtensions.class.getName())
        .getOrCreate();
  }
}
