package dev.detr4j.parity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.detr4j.backend.BackendKind;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * The set in {@code weights/golden} on the emulated CUDA device: all cases that are no models, the
 * small models, and one full-size model that is drawn; all of them in the long form, see {@link
 * EmulatedCuda}.
 */
class EmulatedGoldenTest {
  private static final List<String> SMALL =
      List.of(
          "models/hf_deformable_small_eps",
          "models/hf_deformable_small_native_resnet",
          "models/hf_rtdetr_small_config");

  @BeforeAll
  static void ask() {
    EmulatedCuda.ask();
  }

  @AfterAll
  static void forget() {
    EmulatedCuda.forget();
  }

  @TestFactory
  Stream<DynamicTest> onTheEmulatedDevice() {
    if (EmulatedCuda.unavailable() != null) {
      return Stream.of(DynamicTest.dynamicTest("cuda", EmulatedCuda::requireAvailable));
    }
    ParityTarget target = ParityTarget.of(BackendKind.CUDA, null, 1);
    return chosen().stream()
        .map(
            each -> DynamicTest.dynamicTest(each.path(), () -> check(ParityRun.run(each, target))));
  }

  private static List<ParityCase.OnBackend> chosen() {
    List<ParityCase.OnBackend> chosen = new ArrayList<>();
    List<ParityCase.OnBackend> fullSize = new ArrayList<>();
    for (ParityCase each :
        ParityCases.of(GoldenSet.open(Path.of("../../weights/golden")), List.of())) {
      if (each instanceof ParityCase.OnBackend onBackend) {
        boolean large = each.path().startsWith("models/") && !SMALL.contains(each.path());
        (large ? fullSize : chosen).add(onBackend);
      }
    }
    assertFalse(chosen.isEmpty());
    chosen.addAll(EmulatedCuda.drawn("emulated golden cases", fullSize));
    return chosen;
  }

  private static void check(ParityOutcome outcome) {
    assertEquals(
        ParityOutcome.Verdict.PASS,
        outcome.verdict(),
        () -> outcome.message() + outcome.stages().stream().filter(s -> !s.passes()).toList());
  }
}
