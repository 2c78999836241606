package dev.detr4j.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.detr4j.backend.BackendKind;
import dev.detr4j.backend.Precision;
import java.io.ByteArrayOutputStream;
import java.io.ObjectOutputStream;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DetectorOptionsTest {
  @Test
  void methodsAndMapsSayTheSame() {
    assertEquals(
        every(),
        DetectorOptions.defaults()
            .model("detr.zip")
            .labels("names.txt")
            .threshold(0.25)
            .classes("cat", "dog")
            .backend(BackendKind.C)
            .precision(Precision.BF16)
            .threads(3)
            .sessions(2)
            .maxPixels(1_000_000));
    assertEquals(
        List.of("cat", "dog"), DetectorOptions.of(Map.of("classes", "cat, dog")).classes());
  }

  /** All options that there are. */
  static DetectorOptions every() {
    return DetectorOptions.of(
        Map.of(
            "model", "detr.zip",
            "labels", "names.txt",
            "threshold", " 0.25 ",
            "classes", "cat,dog",
            "backend", "c",
            "precision", "bf16",
            "threads", "3",
            "sessions", "2",
            "maxPixels", "1000000"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          threshold | 1.5     | option threshold is "1.5", expected a number in 0..1
          threshold | NaN     | option threshold is "NaN", expected a number in 0..1
          threshold | high    | option threshold is "high", expected a number in 0..1
          threads   | 0       | option threads is "0", expected a whole number from 1 on
          sessions  | two     | option sessions is "two", expected a whole number from 1 on
          maxPixels | 1e6     | option maxPixels is "1e6", expected a whole number in 1..536870912
          classes   | cat,    | option classes is "cat,", expected class names with commas between
          model     | ' '     | option model is " ", expected a value
          precision | fp16    | option precision: precision fp16 does not exist; expected fp32, tf32, bf16
          """)
  void wrongValuesAreRefused(String option, String value, String message) {
    assertEquals(
        message,
        assertThrows(
                IllegalArgumentException.class, () -> DetectorOptions.of(Map.of(option, value)))
            .getMessage());
  }

  @Test
  void whatTravelsIsSmall() throws Exception {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(new DetectFunction(DetectorOptions.defaults().model("/models/detr")));
    }
    assertTrue(bytes.size() < 1000, bytes::toString);
  }
}
