package dev.detr4j.parity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.detr4j.Detections;
import dev.detr4j.Detector;
import dev.detr4j.DetectorBuilder;
import dev.detr4j.DetectorSession;
import dev.detr4j.backend.BackendKind;
import dev.detr4j.image.ImageView;
import dev.detr4j.op.SoftNms;
import java.nio.file.Path;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Whole calls on the emulated device, which selects detections itself, against backend {@code
 * reference}, whose calls select afterwards.
 */
class EmulatedSelectionTest {
  @TempDir Path folder;

  @BeforeEach
  void ask() {
    EmulatedCuda.ask();
    EmulatedCuda.requireAvailable();
  }

  @AfterEach
  void forget() {
    EmulatedCuda.forget();
  }

  static Stream<SoftNms> suppressions() {
    return Stream.of(SoftNms.Decay.values()).map(decay -> new SoftNms(decay, 0.5f, 0.3f, 0.001f));
  }

  @Test
  void detectionsAreThoseOfTheReference() {
    compare(builder -> builder);
  }

  @ParameterizedTest
  @MethodSource("suppressions")
  void andSoTheyAreWithSuppression(SoftNms suppression) {
    compare(builder -> builder.softNms(suppression));
  }

  private void compare(UnaryOperator<DetectorBuilder> options) {
    Path model = SmallModel.writeBelow(folder);
    List<ImageView> images = List.of(SmallModel.picture(120, 80, 1), SmallModel.picture(90, 70, 2));
    try (Detector cuda = options.apply(Detector.builder(model)).backend(BackendKind.CUDA).build();
        Detector reference =
            options.apply(Detector.builder(model)).backend(BackendKind.REFERENCE).build();
        DetectorSession device = cuda.newSession();
        DetectorSession host = reference.newSession()) {
      for (List<ImageView> batch : List.of(images.subList(0, 1), images, images.subList(1, 2))) {
        List<Detections> actual = batch.stream().map(_ -> device.newDetections()).toList();
        List<Detections> expected = batch.stream().map(_ -> host.newDetections()).toList();
        device.detect(batch, actual, 0.01f);
        host.detect(batch, expected, 0.01f);
        for (int i = 0; i < batch.size(); i++) {
          assertSame(expected.get(i), actual.get(i), batch.size() + " images, image " + i);
        }
      }
    }
  }

  /** The network's fp32 sums differ in their last digits, and pixels are up to 120 of them. */
  private static void assertSame(Detections expected, Detections actual, String where) {
    assertEquals(expected.size(), actual.size(), where);
    assertTrue(expected.size() > 0, where);
    for (int i = 0; i < expected.size(); i++) {
      String what = where + ", detection " + i;
      assertEquals(expected.label(i), actual.label(i), what);
      assertEquals(expected.score(i), actual.score(i), 1e-5f, what);
      assertEquals(expected.xMin(i), actual.xMin(i), 1e-2f, what);
      assertEquals(expected.yMin(i), actual.yMin(i), 1e-2f, what);
      assertEquals(expected.xMax(i), actual.xMax(i), 1e-2f, what);
      assertEquals(expected.yMax(i), actual.yMax(i), 1e-2f, what);
    }
  }
}
