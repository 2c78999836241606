package dev.detr4j.parity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.detr4j.backend.Backend;
import dev.detr4j.backend.BackendKind;
import dev.detr4j.backend.Precision;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * What TF32 and bf16 products of backend cuda do to whole models, against the stored fp32 outputs
 * of the originals, on the emulated device. {@link PrecisionTest} does the same for backend c.
 *
 * <p>A run prints what it measures. Each bound is about twice that, see docs/precision.md: the
 * bounds catch a layer that is rounded twice or in the wrong place, not the last digit. Of cases
 * that select proposals among near ties, the encoder's memory alone is compared. A run takes one
 * case of a small model in each precision, which a seed draws; the long form takes all, see {@link
 * EmulatedCuda}.
 */
class EmulatedPrecisionTest {
  /** The largest errors of a case; 0 where the stage is not compared. */
  private record Bounds(
      String model, Precision precision, double memory, double logits, double boxes) {
    @Override
    public String toString() {
      return model + " in " + precision.id();
    }
  }

  private static final List<Bounds> SMALL =
      List.of(
          new Bounds("hf_deformable_small_native_resnet", Precision.TF32, 0.0095, 0.0065, 4e-4),
          new Bounds("hf_deformable_small_native_resnet", Precision.BF16, 0.096, 0.047, 0.0027),
          new Bounds("hf_deformable_small_eps", Precision.TF32, 2.3e-5, 0.0023, 1.3e-4),
          new Bounds("hf_deformable_small_eps", Precision.BF16, 2.1e-4, 0.012, 0.0012),
          new Bounds("hf_rtdetr_small_config", Precision.TF32, 0.0079, 0.02, 5.6e-4),
          new Bounds("hf_rtdetr_small_config", Precision.BF16, 0.056, 0.25, 0.0098));

  private static final List<Bounds> LARGE =
      List.of(
          new Bounds("hf_detr_r50", Precision.TF32, 0.0071, 0.015, 0.0042),
          new Bounds("hf_detr_r50_batch2_padded", Precision.TF32, 0.011, 0.04, 0.0087),
          new Bounds("hf_table_transformer_native_resnet", Precision.TF32, 0.016, 0.028, 0.0023),
          new Bounds("hf_table_transformer_native_resnet", Precision.BF16, 0.12, 0.23, 0.019),
          new Bounds("hf_rtdetr_v2_r18vd_discrete", Precision.TF32, 0.0096, 0, 0),
          new Bounds("hf_rtdetr_v2_r18vd_discrete", Precision.BF16, 0.075, 0, 0),
          new Bounds("hf_dfine_nano", Precision.TF32, 0.034, 0, 0),
          new Bounds("hf_dfine_nano", Precision.BF16, 0.24, 0, 0),
          new Bounds("hf_rtdetr_r18vd_odd_size", Precision.TF32, 0.0097, 0, 0),
          new Bounds("hf_rtdetr_r18vd_odd_size", Precision.BF16, 0.067, 0, 0),
          new Bounds("hf_dfine_small", Precision.TF32, 0.029, 0, 0),
          new Bounds("hf_dfine_small", Precision.BF16, 0.26, 0, 0),
          new Bounds("hf_detr_no_timm_names", Precision.TF32, 0.02, 0.083, 0.013),
          new Bounds("hf_detr_no_timm_names", Precision.BF16, 0.14, 0.3, 0.073),
          new Bounds("hf_conditional_detr_r50", Precision.TF32, 0.1, 0.14, 0.013),
          new Bounds("hf_conditional_detr_r50", Precision.BF16, 0.86, 1.3, 0.11));

  @BeforeAll
  static void ask() {
    EmulatedCuda.ask();
  }

  @AfterAll
  static void forget() {
    EmulatedCuda.forget();
  }

  @TestFactory
  Stream<DynamicTest> stagesStayClose() {
    if (EmulatedCuda.unavailable() != null) {
      return Stream.of(DynamicTest.dynamicTest("cuda", EmulatedCuda::requireAvailable));
    }
    return Stream.of(Precision.TF32, Precision.BF16)
        .flatMap(precision -> EmulatedCuda.drawn("emulated precision", of(precision)).stream())
        .map(bounds -> DynamicTest.dynamicTest(bounds.toString(), () -> check(bounds)));
  }

  private static List<Bounds> of(Precision precision) {
    Stream<Bounds> all =
        EmulatedCuda.takesAll() ? Stream.concat(SMALL.stream(), LARGE.stream()) : SMALL.stream();
    return all.filter(bounds -> bounds.precision == precision).toList();
  }

  private static void check(Bounds bounds) {
    GoldenSet set = GoldenSet.open(Path.of("../../weights/golden"));
    String path = "models/" + bounds.model;
    ParityCase.OnBackend golden =
        (ParityCase.OnBackend)
            ParityCases.of(set, List.of(path)).stream()
                .filter(each -> each.path().equals(path))
                .findFirst()
                .orElseThrow();
    ParityTarget target = ParityTarget.of(BackendKind.CUDA, bounds.precision, null, 1);
    int compared = 0;
    try (Backend backend = target.open()) {
      for (StageResult stage : golden.run(backend)) {
        double bound =
            switch (stage.stage()) {
              case "memory" -> bounds.memory;
              case "logits" -> bounds.logits;
              case "pred_boxes" -> bounds.boxes;
              default -> 0;
            };
        if (bound > 0) {
          compared++;
          String what = bounds + ", " + stage.stage() + ": " + stage.maxAbsError();
          System.out.println(what);
          assertTrue(stage.maxAbsError() <= bound, what);
          // If nothing were rounded, this would test nothing.
          assertTrue(stage.maxAbsError() > 2 * stage.tolerance(), what);
        }
      }
    }
    assertEquals(bounds.logits > 0 ? 3 : 1, compared);
  }
}
