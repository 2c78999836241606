package dev.detr4j.spark;

import java.util.Map;
import java.util.TreeMap;
import org.apache.spark.sql.SparkSessionExtensions;
import org.apache.spark.sql.catalyst.FunctionIdentifier;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.expressions.ExpressionInfo;
import org.apache.spark.sql.classic.UserDefinedFunctionUtils;
import org.apache.spark.sql.expressions.SparkUserDefinedFunction;
import org.apache.spark.sql.internal.SQLConf;
import org.apache.spark.sql.types.DataTypes;
import scala.Tuple3;
import scala.collection.immutable.Seq;
import scala.jdk.javaapi.CollectionConverters;
import scala.runtime.AbstractFunction1;
import scala.runtime.BoxedUnit;

/**
 * Gives every session the function {@code detr4j_detect(content)}, for {@code spark-sql} and
 * wherever else no program registers it.
 *
 * <pre>
 * --conf spark.sql.extensions=dev.detr4j.spark.DetectorExtensions
 * --conf spark.detr4j.model=/models/detr-resnet-50
 * </pre>
 *
 * <p>The settings {@code spark.detr4j.*} are {@link DetectorOptions}. {@code SET
 * spark.detr4j.threshold=0.7} changes one for the statements that follow.
 */
public final class DetectorExtensions extends AbstractFunction1<SparkSessionExtensions, BoxedUnit> {
  private static final String PREFIX = "spark.detr4j.";

  /** Made by Spark. */
  public DetectorExtensions() {}

  @Override
  public BoxedUnit apply(SparkSessionExtensions extensions) {
    extensions.injectFunction(
        new Tuple3<>(
            new FunctionIdentifier(SparkDetection.FUNCTION),
            new ExpressionInfo(
                SparkDetection.class.getName(),
                "",
                SparkDetection.FUNCTION,
                "_FUNC_(content) - Detects objects in an image file; returns a struct of detections and detection_error.",
                "",
                "",
                "",
                "misc_funcs",
                "",
                "",
                "java_udf"),
            new Builder()));
    return BoxedUnit.UNIT;
  }

  /**
   * Makes the call of the function in a query, with the settings of its session. The classes that
   * this takes are not Spark's API: they bind the module to one minor version of Spark.
   */
  private static final class Builder extends AbstractFunction1<Seq<Expression>, Expression> {
    @Override
    public Expression apply(Seq<Expression> arguments) {
      if (arguments.length() != 1 || !arguments.apply(0).dataType().equals(DataTypes.BinaryType)) {
        StringBuilder types = new StringBuilder();
        for (Expression each : CollectionConverters.asJava(arguments)) {
          types.append(types.isEmpty() ? "" : ", ").append(each.dataType().simpleString());
        }
        throw new IllegalArgumentException(
            "%s takes one argument of type binary, the bytes of an image file; got (%s)"
                .formatted(SparkDetection.FUNCTION, types));
      }
      return UserDefinedFunctionUtils.toScalaUDF(
          (SparkUserDefinedFunction) SparkDetection.function(settings()), arguments);
    }

    private static DetectorOptions settings() {
      Map<String, String> options = new TreeMap<>();
      CollectionConverters.asJava(SQLConf.get().getAllConfs())
          .forEach((name, value) -> {
            if (name.startsWith(PREFIX)) {
              options.put(name.substring(PREFIX.length()), value);
            }
          });
      return DetectorOptions.of(options);
    }
  }
}
