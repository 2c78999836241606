package dev.detr4j.parity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.detr4j.Detections;
import dev.detr4j.Detector;
import dev.detr4j.DetectorSession;
import dev.detr4j.backend.BackendKind;
import dev.detr4j.image.Orientation;
import dev.detr4j.image.PixelValues;
import dev.detr4j.postprocess.DeformableDetrPostprocessing;
import dev.detr4j.postprocess.DetrPostprocessing;
import dev.detr4j.postprocess.Postprocessing;
import dev.detr4j.postprocess.SelectionRule;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * From the file of each project to detections, without a hint: what the detector finds in the input
 * of the golden case is what the project selects from the stored outputs.
 */
class PublishedFilesTest {
  /** Surefire's working folder is the module's. */
  private static final Path GOLDEN = Path.of("../../weights/golden");

  private static final int IMAGE_WIDTH = 750;
  private static final int IMAGE_HEIGHT = 600;

  @TempDir Path folder;

  private record Found(int label, double score, double[] corners) {}

  @ParameterizedTest
  @EnumSource(PublishedFile.class)
  void givesTheStoredDetections(PublishedFile published) throws IOException {
    GoldenCase golden = GoldenSet.open(GOLDEN).model(published.goldenCase());
    Path file = published.write(golden, folder);
    List<Found> expected = expected(published, golden);
    List<BackendKind> kinds = new ArrayList<>(List.of(BackendKind.VECTOR, BackendKind.C));
    // The oracle takes seconds; what it has of its own is not in the file.
    if (published == PublishedFile.DEFORMABLE_DETR) {
      kinds.add(BackendKind.REFERENCE);
    }
    for (BackendKind kind : kinds) {
      try (Detector detector =
              TestBackends.build(Detector.builder(file).threads(2).threshold(0), kind);
          DetectorSession session = detector.newSession()) {
        assertInferred(published, golden, detector);
        Detections found = session.newDetections();
        session.detect(input(golden), found, 0);
        assertSame(expected, found, golden, published + " on " + kind);
      }
    }
    Files.delete(file);
  }

  private static void assertInferred(
      PublishedFile published, GoldenCase golden, Detector detector) {
    assertEquals(published.source(), detector.model().source());
    assertEquals(
        golden.expected("logits").orElseThrow().fullShape().get(1), detector.model().queries());
    boolean turned = published.name().startsWith("MMDET") || published.name().startsWith("DETREX");
    assertEquals(turned ? Orientation.APPLY : Orientation.IGNORE, detector.orientation());
    if (published == PublishedFile.BIRDER) {
      assertEquals("kind 91", detector.labels().get(91));
    }
  }

  /** The stored logits and boxes through the project's own selection. */
  private static List<Found> expected(PublishedFile published, GoldenCase golden) {
    ExpectedTensor logits = golden.expected("logits").orElseThrow();
    int queries = logits.fullShape().get(1);
    int classes = logits.fullShape().get(2);
    Postprocessing selection =
        switch (published.source()) {
          case TABLE_TRANSFORMER ->
              new DetrPostprocessing(
                  queries, classes, DetrPostprocessing.Candidates.BEST_IS_A_CLASS);
          case DETR -> new DetrPostprocessing(queries, classes);
          case DEFORMABLE_DETR, CONDITIONAL_DETR, HUGGING_FACE ->
              new DeformableDetrPostprocessing(queries, classes, SelectionRule.DEFORMABLE_DETR);
          case RT_DETR, D_FINE, RF_DETR, LW_DETR ->
              new DeformableDetrPostprocessing(
                  queries, classes, new SelectionRule(queries, 0, SelectionRule.Edges.KEPT));
          case DETREX -> new DeformableDetrPostprocessing(queries, classes, SelectionRule.DETREX);
          case MMDETECTION ->
              new DeformableDetrPostprocessing(queries, classes, SelectionRule.MMDETECTION);
          case BIRDER -> new DeformableDetrPostprocessing(queries, classes, SelectionRule.BIRDER);
        };
    List<Found> expected = new ArrayList<>();
    try (Arena arena = Arena.ofConfined()) {
      selection.select(
          whole(logits, arena),
          whole(golden.expected("pred_boxes").orElseThrow(), arena),
          0,
          IMAGE_WIDTH,
          IMAGE_HEIGHT,
          0,
          (query, label, score, xMin, yMin, xMax, yMax) ->
              expected.add(new Found(label, score, new double[] {xMin, yMin, xMax, yMax})));
    }
    return expected;
  }

  private static MemorySegment whole(ExpectedTensor tensor, Arena arena) {
    assertEquals(tensor.fullShape().elements(), tensor.size(), tensor.name() + " is stored whole");
    MemorySegment memory = arena.allocate(4L * tensor.size(), 64);
    for (int i = 0; i < tensor.size(); i++) {
      memory.setAtIndex(ValueLayout.JAVA_FLOAT, i, tensor.value(i));
    }
    return memory;
  }

  private static PixelValues input(GoldenCase golden) {
    int height = golden.inputShape().get(2);
    int width = golden.inputShape().get(3);
    float[] pixels = new float[3 * height * width];
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment planes = arena.allocate(4L * pixels.length, 64);
      golden.fillInput(planes);
      for (int i = 0; i < pixels.length; i++) {
        pixels[i] =
            planes.getAtIndex(ValueLayout.JAVA_FLOAT, (long) (i % 3) * height * width + i / 3);
      }
    }
    return new PixelValues(MemorySegment.ofArray(pixels), width, height, IMAGE_WIDTH, IMAGE_HEIGHT);
  }

  /**
   * Scores agree rank by rank. Boxes are looked for by label and score, because neighbours whose
   * scores differ by less than the tolerance may change places, also across the end of the list.
   */
  private static void assertSame(
      List<Found> expected, Detections found, GoldenCase golden, String what) {
    // The slope of the sigmoid is 1/4 at most, that of the softmax 1/2; rounding comes on top.
    double score = 0.5 * golden.expected("logits").orElseThrow().tolerance() + 1e-6;
    double pixels =
        1.5 * IMAGE_WIDTH * golden.expected("pred_boxes").orElseThrow().tolerance() + 1e-3;
    assertEquals(expected.size(), found.size(), what);
    for (int i = 0; i < found.size(); i++) {
      assertEquals(expected.get(i).score, found.score(i), score, what + ", score " + i);
    }
    double last = expected.getLast().score;
    boolean cut = expected.size() == 100 || expected.size() == 300;
    for (Found one : expected) {
      assertTrue(
          (cut && one.score <= last + 2 * score) || holds(found, one, score, pixels),
          () -> what + " has no " + one.label + " of score " + one.score);
    }
  }

  private static boolean holds(Detections found, Found one, double score, double pixels) {
    for (int i = 0; i < found.size(); i++) {
      int index = i;
      List<ToDoubleFunction<Detections>> corners =
          List.of(d -> d.xMin(index), d -> d.yMin(index), d -> d.xMax(index), d -> d.yMax(index));
      boolean same = found.labelId(i) == one.label && Math.abs(found.score(i) - one.score) <= score;
      for (int c = 0; same && c < 4; c++) {
        same = Math.abs(corners.get(c).applyAsDouble(found) - one.corners[c]) <= pixels;
      }
      if (same) {
        return true;
      }
    }
    return false;
  }
}
