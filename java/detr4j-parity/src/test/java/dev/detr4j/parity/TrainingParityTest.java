package dev.detr4j.parity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.abort;

import dev.detr4j.backend.BackendKind;
import dev.detr4j.error.BackendException;
import dev.detr4j.parity.ParityOutcome.Verdict;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * The set in {@code weights/golden-training}: losses, gradients of operations on every tier of
 * {@code c}, and gradients and trajectories of models on each backend as users get it. The
 * gradients of full-size models take minutes: they run with {@code -Ddetr4j.test.long=true}.
 */
class TrainingParityTest {
  /** Surefire's working folder is the module's. */
  private static final Path FOLDER = Path.of("../../weights/golden-training");

  private static final boolean LONG = Boolean.getBoolean("detr4j.test.long");

  private static List<ParityCase> cases() {
    return ParityCases.of(GoldenSet.open(FOLDER), List.of());
  }

  @Test
  void theSetHoldsWhatItShould() {
    List<ParityCase> cases = cases();
    assertEquals(20, count(cases, "losses/"));
    assertEquals(72, count(cases, "ops/"));
    // Nine models in three variants, and four again with layers computed anew.
    assertEquals(31, count(cases, "gradients/"));
    // Five models, and the optimizer alone.
    assertEquals(6, count(cases, "trajectories/"));
    assertEquals(
        List.of("data"),
        cases.stream().filter(ParityCase.NotRun.class::isInstance).map(ParityCase::path).toList());
  }

  private static long count(List<ParityCase> cases, String prefix) {
    return cases.stream().filter(each -> each.path().startsWith(prefix)).count();
  }

  @TestFactory
  Stream<DynamicTest> onHost() {
    return cases().stream()
        .filter(ParityCase.OnHost.class::isInstance)
        .map(each ->
            DynamicTest.dynamicTest(
                each.path(),
                () -> ParityRun.run(List.of(each), List.of(), TrainingParityTest::check)));
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
      if (each instanceof ParityCase.OnBackend onBackend && runs(each.path(), kind)) {
        List<ParityTarget> of =
            each.path().startsWith("ops/") ? targets : List.of(targets.getLast());
        for (ParityTarget target : of) {
          tests.add(
              DynamicTest.dynamicTest(
                  each.path() + " on " + target, () -> check(ParityRun.run(onBackend, target))));
        }
      }
    }
    assertTrue(tests.size() > 70, () -> "only " + tests.size());
    return tests.stream();
  }

  private static boolean runs(String path, BackendKind kind) {
    if (path.startsWith("gradients/full_")) {
      return LONG;
    }
    return !path.startsWith("gradients/codes_") || LONG || kind != BackendKind.REFERENCE;
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
    if (outcome.verdict() == Verdict.NOT_RUN) {
      abort(outcome.message());
    }
    assertEquals(
        Verdict.PASS,
        outcome.verdict(),
        () -> outcome.message() + outcome.stages().stream().filter(s -> !s.passes()).toList());
  }
}
