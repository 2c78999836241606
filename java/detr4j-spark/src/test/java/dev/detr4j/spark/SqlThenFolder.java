package dev.detr4j.spark;

import java.io.IOException;
import org.apache.spark.sql.SparkSession;

/** For spark-submit: what spark-sql does, then the program of the documentation. */
public final class SqlThenFolder {
  private SqlThenFolder() {}

  /** Takes what {@link DetectFolder} takes, a folder for the rows of the query, and its model. */
  public static void main(String[] arguments) throws IOException {
    SparkSession spark = SparkSession.builder().getOrCreate();
    spark.sql("ADD FILE '" + arguments[4] + "'");
    spark
        .sql(
            """
            SELECT path, found.* FROM (
              SELECT path, detr4j_detect(content) AS found FROM binaryFile.`%s`)
            """
                .formatted(arguments[0]))
        .write()
        .parquet(arguments[3]);
    DetectFolder.main(arguments);
  }
}
