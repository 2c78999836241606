package dev.detr4j.spark;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.udf;

import java.util.Arrays;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.expressions.UserDefinedFunction;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * Detection on Datasets and in SQL.
 *
 * <pre>{@code
 * Dataset<Row> images = spark.read().format("binaryFile").load("photos/");
 * Dataset<Row> found = SparkDetection.detect(images, DetectorOptions.defaults().model("detr.zip"));
 * }</pre>
 *
 * <p>Each image gets either detections or an error, and the other column is null:
 *
 * <table>
 *   <caption>Columns</caption>
 *   <tr><td>{@code detections}</td><td>{@code array<struct<label: string, label_id: int, score: float, x_min: float,
 *       y_min: float, x_max: float, y_max: float>>}, in pixels of the image; empty when nothing was found</td></tr>
 *   <tr><td>{@code detection_error}</td><td>{@code string}: what is wrong with the image</td></tr>
 * </table>
 *
 * <p>A broken image never fails a job. Whatever is not the image's fault fails the task with its
 * reason: a model that is missing, a backend that cannot be used, memory that is exhausted.
 *
 * <p>Rows depend on the image and the options alone. A task that Spark repeats gives the same rows
 * on the same kind of processor; on other processors, the last digits may differ.
 *
 * <p>Spark runs the model once for each row, however often a query names the result: the function
 * is declared non-deterministic for this reason only.
 */
public final class SparkDetection {
  /** The name of the function in SQL. */
  public static final String FUNCTION = "detr4j_detect";

  /** The column of encoded images, as Spark's source {@code binaryFile} names it. */
  private static final String CONTENT = "content";

  private static final String DETECTIONS = "detections";
  private static final String ERROR = "detection_error";

  /** A column that exists between two steps. */
  private static final String BOTH = "detr4j_result";

  private static final StructType DETECTION =
      new StructType()
          .add("label", DataTypes.StringType, false)
          .add("label_id", DataTypes.IntegerType, false)
          .add("score", DataTypes.FloatType, false)
          .add("x_min", DataTypes.FloatType, false)
          .add("y_min", DataTypes.FloatType, false)
          .add("x_max", DataTypes.FloatType, false)
          .add("y_max", DataTypes.FloatType, false);

  private static final StructType RESULT =
      new StructType()
          .add(DETECTIONS, DataTypes.createArrayType(DETECTION, false), true)
          .add(ERROR, DataTypes.StringType, true);

  private SparkDetection() {}

  /**
   * Adds the columns {@code detections} and {@code detection_error}. Works on batches and streams.
   *
   * @param images has a column {@code content} of encoded images: JPEG, PNG, GIF, BMP and, with
   *     image-webp-decoder among the jars, WebP
   * @throws IllegalArgumentException when it has no such column, or has one of the new ones
   */
  public static Dataset<Row> detect(Dataset<Row> images, DetectorOptions options) {
    List<String> names = Arrays.asList(images.columns());
    StructType schema = images.schema();
    if (!names.contains(CONTENT)
        || !schema.apply(CONTENT).dataType().equals(DataTypes.BinaryType)) {
      throw new IllegalArgumentException(
          "the images have no column %s of type binary; their columns are %s"
              .formatted(CONTENT, schema.simpleString()));
    }
    for (String added : List.of(DETECTIONS, ERROR, BOTH)) {
      if (names.stream().anyMatch(added::equalsIgnoreCase)) {
        throw new IllegalArgumentException(
            "the images have a column %s already; drop or rename it".formatted(added));
      }
    }
    return images
        .withColumn(BOTH, function(options).apply(images.col(CONTENT)))
        .withColumn(DETECTIONS, col(BOTH).getField(DETECTIONS))
        .withColumn(ERROR, col(BOTH).getField(ERROR))
        .drop(BOTH);
  }

  /**
   * The function from a column of encoded images to a struct of {@code detections} and {@code
   * detection_error}, for columns of other names.
   */
  public static UserDefinedFunction function(DetectorOptions options) {
    return udf(new DetectFunction(options), RESULT)
        .withName(FUNCTION)
        .asNonNullable()
        .asNondeterministic();
  }

  /** Makes the function known to the SQL of a session as {@code detr4j_detect(content)}. */
  public static void register(SparkSession spark, DetectorOptions options) {
    register(spark, FUNCTION, options);
  }

  /**
   * As above, under another name: one for each model of a session.
   *
   * @throws IllegalStateException when {@link DetectorExtensions} gives the session a function of
   *     this name, which Spark would prefer
   */
  public static void register(SparkSession spark, String name, DetectorOptions options) {
    boolean extended =
        Arrays.asList(spark.conf().get("spark.sql.extensions", "").split(",", -1))
            .contains(DetectorExtensions.class.getName());
    if (extended && name.equalsIgnoreCase(FUNCTION)) {
      throw new IllegalStateException(
          "%s comes from spark.sql.extensions in this session; register another name"
              .formatted(FUNCTION));
    }
    spark.udf().register(name, function(options));
  }
}
