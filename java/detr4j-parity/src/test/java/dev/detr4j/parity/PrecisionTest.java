package dev.detr4j.parity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.detr4j.Detections;
import dev.detr4j.Detector;
import dev.detr4j.DetectorSession;
import dev.detr4j.backend.Backend;
import dev.detr4j.backend.BackendKind;
import dev.detr4j.backend.BackendOptions;
import dev.detr4j.backend.BackendProviders;
import dev.detr4j.backend.Precision;
import dev.detr4j.image.ImageView;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What bf16 products do to whole models, against the stored fp32 outputs of the originals.
 *
 * <p>Each bound is about twice what was measured, see docs/precision.md: the bounds catch a layer
 * that is rounded twice or in the wrong place, not the last digit. The weights are random, so that
 * logits of neighbouring queries differ by less than those of trained models; proposals of two
 * stages change places there and are not compared.
 */
class PrecisionTest {
  /** Surefire's working folder is the module's. */
  private static final Path GOLDEN = Path.of("../../weights/golden");

  private static final BackendOptions BF16 =
      new BackendOptions(2, null, 0).withPrecision(Precision.BF16);

  /** The largest errors of encoder memory (of variance 1), logits (of 6) and boxes (0..1). */
  private record Bounds(double memory, double logits, double boxes) {}

  private static final Map<String, Bounds> MODELS =
      Map.of(
          "models/hf_detr_r50", new Bounds(0.08, 0.16, 0.04),
          "models/hf_deformable_plain", new Bounds(0.12, 0.10, 0.008),
          "models/hf_deformable_refine", new Bounds(0.11, 0.17, 0.010),
          "models/hf_deformable_single_scale", new Bounds(0.13, 0.11, 0.009),
          "models/detrex_refine", new Bounds(0.09, 0.16, 0.008));

  @TempDir Path folder;

  @Test
  void stagesStayClose() {
    requireBf16();
    GoldenSet set = GoldenSet.open(GOLDEN);
    for (ParityCase each : ParityCases.of(set, List.of())) {
      Bounds bounds = MODELS.get(each.path());
      if (bounds == null || !(each instanceof ParityCase.OnBackend onBackend)) {
        continue;
      }
      try (Backend backend = BackendProviders.of(BackendKind.C).provider().open(BF16)) {
        for (StageResult stage : onBackend.run(backend)) {
          Double bound =
              switch (stage.stage()) {
                case "memory" -> bounds.memory;
                case "logits" -> bounds.logits;
                case "pred_boxes" -> bounds.boxes;
                default -> null;
              };
          if (bound != null) {
            String what = each.path() + ", " + stage.stage() + ": " + stage.maxAbsError();
            assertTrue(stage.maxAbsError() <= bound, what);
            // If nothing were rounded, this would test nothing.
            assertTrue(stage.maxAbsError() > 2 * stage.tolerance(), what);
          }
        }
      }
    }
  }

  @Test
  void aDetectorSaysThatItMultipliesInBf16() {
    requireBf16();
    Path model = SmallModel.writeBelow(folder);
    ImageView picture = SmallModel.picture(90, 70, 3);
    try (Detector detector =
            Detector.builder(model)
                .backend(BackendKind.C)
                .precision(Precision.BF16)
                .threshold(0)
                .build();
        DetectorSession session = detector.newSession()) {
      assertTrue(
          detector.backend().instructionSet().contains(" with bf16 products"),
          detector.backend().toString());
      Detections first = session.newDetections();
      Detections second = session.newDetections();
      session.detect(picture, first);
      session.detect(picture, second);
      assertTrue(first.size() > 0);
      for (int i = 0; i < first.size(); i++) {
        assertEquals(first.score(i), second.score(i));
      }
    }
  }

  /** Processors without bf16 products have nothing to test here. */
  private static void requireBf16() {
    String reason = BackendProviders.of(BackendKind.C).unavailable(BF16);
    assumeTrue(reason == null, () -> "bf16 products: " + reason);
  }
}
