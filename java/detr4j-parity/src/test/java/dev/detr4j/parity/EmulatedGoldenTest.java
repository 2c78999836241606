package dev.detr4j.parity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.abort;

import dev.detr4j.backend.BackendKind;
import dev.detr4j.backend.BackendOptions;
import dev.detr4j.backend.BackendProviders;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * The set in {@code weights/golden} on the emulated CUDA device: all cases that are no models, the
 * small models, and one full-size model that {@value #SEED} draws; {@code -D}{@value #ALL} runs
 * every model.
 */
class EmulatedGoldenTest {
  private static final String ALL = "detr4j.test.long";
  private static final String SEED = "detr4j.cuda.seed";
  private static final String PATH = "detr4j.cuda.path";
  private static final Path BUILT = Path.of("..", "..", "native", "target", "build", "cuda");

  private static final List<String> SMALL =
      List.of("models/hf_deformable_small_eps", "models/hf_deformable_small_native_resnet");

  private static boolean pathWasSet;

  @BeforeAll
  static void ask() {
    pathWasSet = System.getProperty(PATH) != null;
    System.setProperty("detr4j.cuda", "emulated");
    if (!pathWasSet) {
      System.setProperty(PATH, BUILT.toAbsolutePath().normalize().toString());
    }
  }

  @AfterAll
  static void forget() {
    System.clearProperty("detr4j.cuda");
    if (!pathWasSet) {
      System.clearProperty(PATH);
    }
  }

  @TestFactory
  Stream<DynamicTest> onTheEmulatedDevice() {
    String reason =
        BackendProviders.of(BackendKind.CUDA).unavailable(new BackendOptions(1, null, 0));
    if (reason != null) {
      return Stream.of(DynamicTest.dynamicTest("cuda", () -> absent(reason)));
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
        (large && !Boolean.getBoolean(ALL) ? fullSize : chosen).add(onBackend);
      }
    }
    assertFalse(chosen.isEmpty());
    if (!fullSize.isEmpty()) {
      long seed = Long.getLong(SEED, System.nanoTime() & 0xffffff);
      System.out.println("emulated golden cases: " + SEED + " = " + seed);
      chosen.add(fullSize.get(new Random(seed).nextInt(fullSize.size())));
    }
    return chosen;
  }

  /** A missing library narrows the test, unless the build says that it must be there. */
  private static void absent(String reason) {
    String required = System.getProperty("detr4j.test.requireBackends", "");
    if (List.of(required.split(",", -1)).contains(BackendKind.CUDA.id())) {
      fail(reason);
    }
    abort(reason);
  }

  private static void check(ParityOutcome outcome) {
    assertEquals(
        ParityOutcome.Verdict.PASS,
        outcome.verdict(),
        () -> outcome.message() + outcome.stages().stream().filter(s -> !s.passes()).toList());
  }
}
