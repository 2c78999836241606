package dev.detr4j.model.codes;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.detr4j.Detections;
import dev.detr4j.Detector;
import dev.detr4j.DetectorBuilder;
import dev.detr4j.DetectorSession;
import dev.detr4j.backend.BackendKind;
import dev.detr4j.backend.BackendOptions;
import dev.detr4j.backend.BackendProviders;
import dev.detr4j.backend.Precision;
import dev.detr4j.image.ImageDecoder;
import dev.detr4j.image.ImageView;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The model on pictures of the program that made its training set, against transformers; {@code
 * evaluation/golden.py} writes golden.csv.
 */
final class CodesModelGoldenTest {
  /**
   * Expected are values of float64. An implementation in fp32 may be off by ten times what
   * transformers in float32 is, and never has to be closer than the last place of a sum of thirty
   * layers: 2e-5 of a score, a hundredth of a pixel.
   */
  private static final double SCORE = 2e-5;

  private static final double PIXELS = 1e-2;

  private static final double NOISE = 10;

  /** Measured: 0.092, the score of a PDF417 19 pixels wide; most move by less than 0.001. */
  private static final double BF16_SCORE = 0.15;

  private static final double BF16_PIXELS = 1;

  @TempDir private static Path folder;

  @ParameterizedTest
  @EnumSource(
      value = BackendKind.class,
      names = {"C", "VECTOR"})
  void findsWhatTransformersFinds(BackendKind backend) throws IOException {
    Map<String, List<String[]>> expected = golden();
    assertEquals(3, expected.size());
    try (Detector detector =
            Detector.builder(CodesModel.folderIn(folder)).backend(backend).threshold(0).build();
        DetectorSession session = detector.newSession()) {
      Detections found = session.newDetections();
      for (Map.Entry<String, List<String[]>> picture : expected.entrySet()) {
        session.detect(picture(picture.getKey()), found);
        for (int i = 0; i < picture.getValue().size(); i++) {
          String[] cells = picture.getValue().get(i);
          String where = String.join(",", cells);
          assertEquals(cells[1], found.label(i), where);
          double score = Math.max(SCORE, NOISE * Double.parseDouble(cells[7]));
          assertEquals(Double.parseDouble(cells[2]), found.score(i), score, where);
          double pixels = Math.max(PIXELS, NOISE * Double.parseDouble(cells[8]));
          assertEquals(Double.parseDouble(cells[3]), found.xMin(i), pixels, where);
          assertEquals(Double.parseDouble(cells[4]), found.yMin(i), pixels, where);
          assertEquals(Double.parseDouble(cells[5]), found.xMax(i), pixels, where);
          assertEquals(Double.parseDouble(cells[6]), found.yMax(i), pixels, where);
        }
      }
    }
  }

  /**
   * What bf16 products may change on trained weights: scores a little, boxes by a pixel. A
   * detection beside the threshold may so come to its other side.
   */
  @Test
  void bf16FindsTheSame() throws IOException {
    BackendOptions bf16 = new BackendOptions(1, null, 0).withPrecision(Precision.BF16);
    String reason = BackendProviders.of(BackendKind.C).unavailable(bf16);
    assumeTrue(reason == null, () -> "bf16 products: " + reason);
    try (Detector exact = open(Precision.FP32).build();
        Detector rounded = open(Precision.BF16).build();
        DetectorSession exactSession = exact.newSession();
        DetectorSession roundedSession = rounded.newSession()) {
      Detections expected = exactSession.newDetections();
      Detections found = roundedSession.newDetections();
      for (String name : golden().keySet()) {
        exactSession.detect(picture(name), expected);
        roundedSession.detect(picture(name), found);
        assertTrue(expected.score(0) > 0.3, name);
        assertAllIn(found, expected, name);
        assertAllIn(expected, found, name);
      }
    }
  }

  private static DetectorBuilder open(Precision precision) {
    return Detector.builder(CodesModel.folderIn(folder))
        .backend(BackendKind.C)
        .precision(precision)
        .threshold(0);
  }

  /** Each detection above 0.3 is one of the others, but for what bf16 may change. */
  private static void assertAllIn(Detections others, Detections found, String picture) {
    for (int i = 0; i < found.size(); i++) {
      if (found.score(i) > 0.3) {
        int same = nearest(others, found, i);
        assertEquals(found.score(i), others.score(same), BF16_SCORE, picture);
        assertEquals(0, distance(others, same, found, i), BF16_PIXELS, picture);
      }
    }
  }

  /** The detection of the same label whose box is nearest. */
  private static int nearest(Detections found, Detections expected, int wanted) {
    return IntStream.range(0, found.size())
        .filter(i -> found.labelId(i) == expected.labelId(wanted))
        .boxed()
        .min(Comparator.comparingDouble(i -> distance(found, i, expected, wanted)))
        .orElseThrow();
  }

  /** The largest difference of two boxes' edges. */
  private static double distance(Detections first, int i, Detections second, int j) {
    double x =
        Math.max(
            Math.abs(first.xMin(i) - second.xMin(j)), Math.abs(first.xMax(i) - second.xMax(j)));
    double y =
        Math.max(
            Math.abs(first.yMin(i) - second.yMin(j)), Math.abs(first.yMax(i) - second.yMax(j)));
    return Math.max(x, y);
  }

  private static ImageView picture(String name) throws IOException {
    try (InputStream in = CodesModelGoldenTest.class.getResourceAsStream(name)) {
      assertNotNull(in, name);
      return new ImageDecoder().decode(in, name);
    }
  }

  /** The lines of each picture, best detection first. */
  private static Map<String, List<String[]>> golden() throws IOException {
    try (InputStream in = CodesModelGoldenTest.class.getResourceAsStream("golden.csv")) {
      assertNotNull(in);
      return new String(in.readAllBytes(), StandardCharsets.UTF_8)
          .lines()
          .skip(1)
          .map(line -> line.split(",", -1))
          .collect(Collectors.groupingBy(cells -> cells[0]));
    }
  }
}
