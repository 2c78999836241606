package dev.detr4j.spark;

import dev.detr4j.Detection;
import dev.detr4j.DetectorCall;
import dev.detr4j.error.ImageException;
import java.io.Serial;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.TaskContext;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.api.java.UDF1;
import org.jspecify.annotations.Nullable;

/**
 * The bytes of an image file to detections, or to the reason why there are none.
 *
 * <p>What is wrong with an image becomes the error of its row. Everything else is thrown and fails
 * the task: no row is blamed for a missing model. Spark makes one instance for each task.
 */
final class DetectFunction implements UDF1<Object, Row> {
  @Serial private static final long serialVersionUID = 1L;

  private final DetectorOptions options;

  /** The call of this task, which is made in the executor. */
  private transient @Nullable DetectorCall ready;

  DetectFunction(DetectorOptions options) {
    this.options = options;
  }

  @Override
  public Row call(@Nullable Object content) {
    if (content == null) {
      return RowFactory.create(null, "image: is null, expected an image");
    }
    if (!(content instanceof byte[] encoded)) {
      throw new IllegalArgumentException(
          "%s takes the bytes of an image file, got a value of %s"
              .formatted(SparkDetection.FUNCTION, content.getClass().getSimpleName()));
    }
    DetectorCall call = ready;
    if (call == null) {
      call = prepare();
      ready = call;
    }
    try {
      return RowFactory.create(rows(call.detect(encoded)), null);
    } catch (ImageException e) {
      return RowFactory.create(null, e.getMessage());
    }
  }

  private DetectorCall prepare() {
    TaskContext task = TaskContext.get();
    DetectorCall call = ExecutorDetectors.get(options, task).call();
    Float threshold = options.threshold();
    if (threshold != null) {
      call = call.threshold(threshold);
    }
    if (!options.classes().isEmpty()) {
      call = call.labels(options.classes().toArray(String[]::new));
    }
    return task == null ? call : call.cancelWhen(task::isInterrupted);
  }

  private static List<Row> rows(List<Detection> detections) {
    List<Row> rows = new ArrayList<>(detections.size());
    for (Detection each : detections) {
      rows.add(
          RowFactory.create(
              each.label(),
              each.labelId(),
              each.score(),
              each.box().xMin(),
              each.box().yMin(),
              each.box().xMax(),
              each.box().yMax()));
    }
    return rows;
  }
}
