package dev.detr4j.parity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.abort;

import dev.detr4j.backend.BackendKind;
import dev.detr4j.error.BackendException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * The set in {@code weights/golden} on every backend and tier: {@code c} in each tier and {@code
 * vector} run every case; {@code reference}, which is slow, the small models, one full-size model
 * of each family, and all that are no models.
 */
class GoldenParityTest {
  /** Surefire's working folder is the module's. */
  private static final Path FOLDER = Path.of("../../weights/golden");

  private static final List<String> MODELS_OF_REFERENCE =
      List.of(
          "models/hf_deformable_small_eps",
          "models/hf_deformable_small_native_resnet",
          "models/hf_detr_r50_batch2_padded",
          "models/hf_deformable_two_stage",
          "models/hf_conditional_detr_r50",
          "models/hf_dfine_nano",
          "models/hf_lwdetr_small",
          "models/hf_rfdetr_small_resampled",
          "models/hf_rtdetr_small_config",
          "models/hf_rtdetr_r18vd_odd_size",
          "models/hf_rtdetr_v2_r18vd_discrete",
          "models/hf_table_transformer_detection",
          "models/hf_table_transformer_structure_batch2_padded");

  private static List<ParityCase> cases() {
    return ParityCases.of(GoldenSet.open(FOLDER), List.of());
  }

  @Test
  void theSetHoldsWhatItShould() {
    List<ParityCase> cases = cases();
    assertEquals(32, cases.stream().filter(each -> each.path().startsWith("models/")).count());
    assertEquals(9, cases.stream().filter(each -> each.path().startsWith("msda/")).count());
    assertEquals(
        115, cases.stream().filter(each -> each.path().startsWith("prepost/preprocess/")).count());
    assertEquals(
        30, cases.stream().filter(each -> each.path().startsWith("prepost/post/")).count());
    assertEquals(4, cases.stream().filter(each -> each.path().startsWith("prepost/coco/")).count());
    assertEquals(16, cases.stream().filter(each -> each.path().startsWith("containers/")).count());
    assertTrue(cases.stream().noneMatch(ParityCase.NotRun.class::isInstance), cases::toString);
  }

  @TestFactory
  Stream<DynamicTest> onHost() {
    return cases().stream()
        .filter(ParityCase.OnHost.class::isInstance)
        .map(each ->
            DynamicTest.dynamicTest(
                each.path(),
                () -> ParityRun.run(List.of(each), List.of(), GoldenParityTest::check)));
  }

  @TestFactory
  Stream<DynamicTest> reference() {
    return tests(BackendKind.REFERENCE);
  }

  @TestFactory
  Stream<DynamicTest> vector() {
    return tests(BackendKind.VECTOR);
  }

  @TestFactory
  Stream<DynamicTest> c() {
    return tests(BackendKind.C);
  }

  private static Stream<DynamicTest> tests(BackendKind kind) {
    List<ParityTarget> targets;
    try {
      targets = ParityTarget.tiersOf(kind, 2);
    } catch (BackendException e) {
      return Stream.of(DynamicTest.dynamicTest(kind.id(), () -> absent(kind, e)));
    }
    List<DynamicTest> tests = new ArrayList<>();
    for (ParityCase each : cases()) {
      boolean model = each.path().startsWith("models/");
      if (each instanceof ParityCase.OnBackend onBackend
          && (kind != BackendKind.REFERENCE
              || !model
              || MODELS_OF_REFERENCE.contains(each.path()))) {
        for (ParityTarget target : targets) {
          tests.add(
              DynamicTest.dynamicTest(
                  each.path() + " on " + target, () -> check(ParityRun.run(onBackend, target))));
        }
      }
    }
    return tests.stream();
  }

  /** A missing backend narrows the test, unless the build says that it must be there. */
  private static void absent(BackendKind kind, BackendException reason) {
    String required = System.getProperty("detr4j.test.requireBackends", "");
    if (List.of(required.split(",", -1)).contains(kind.id())) {
      fail(reason);
    }
    abort(reason.getMessage());
  }

  private static void check(ParityOutcome outcome) {
    assertEquals(
        ParityOutcome.Verdict.PASS,
        outcome.verdict(),
        () -> outcome.message() + outcome.stages().stream().filter(s -> !s.passes()).toList());
  }
}
