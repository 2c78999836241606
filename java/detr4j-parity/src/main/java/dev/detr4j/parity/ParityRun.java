package dev.detr4j.parity;

import dev.detr4j.backend.Backend;
import dev.detr4j.error.Detr4jException;
import dev.detr4j.parity.ParityOutcome.Verdict;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Runs cases on backends. One backend is open at a time, and only for one case, so that the packed
 * weights of one model are held at a time.
 */
public final class ParityRun {
  private ParityRun() {}

  /**
   * Runs every case on every target and reports each as it ends, those that are refused too. A case
   * that fails is reported; the others run.
   */
  public static void run(
      List<ParityCase> cases, List<ParityTarget> targets, Consumer<ParityOutcome> report) {
    for (ParityCase each : cases) {
      switch (each) {
        case ParityCase.NotRun skipped ->
            report.accept(
                new ParityOutcome(
                    skipped.path(), "-", "-", List.of(), Verdict.NOT_RUN, skipped.reason()));
        case ParityCase.OnHost host -> report.accept(outcome(host.path(), "host", "-", host::run));
        case ParityCase.OnBackend onBackend -> {
          for (ParityTarget target : targets) {
            report.accept(run(onBackend, target));
          }
        }
      }
    }
  }

  /** Runs one case on one target. */
  public static ParityOutcome run(ParityCase.OnBackend test, ParityTarget target) {
    String refusal = test.refusal(target.kind());
    if (refusal != null) {
      return new ParityOutcome(
          test.path(), target.kind().id(), target.tier(), List.of(), Verdict.NOT_RUN, refusal);
    }
    return outcome(
        test.path(),
        target.kind().id(),
        target.tier(),
        () -> {
          try (Backend backend = target.open()) {
            return test.run(backend);
          }
        });
  }

  private static ParityOutcome outcome(
      String path, String backend, String tier, Supplier<List<StageResult>> run) {
    try {
      List<StageResult> stages = run.get();
      boolean passes = !stages.isEmpty() && stages.stream().allMatch(StageResult::passes);
      return new ParityOutcome(
          path,
          backend,
          tier,
          stages,
          passes ? Verdict.PASS : Verdict.MISS,
          stages.isEmpty() ? "nothing was compared" : "");
    } catch (Detr4jException e) {
      return new ParityOutcome(
          path, backend, tier, List.of(), Verdict.ERROR, String.valueOf(e.getMessage()));
    } catch (OutOfMemoryError e) {
      return new ParityOutcome(
          path, backend, tier, List.of(), Verdict.ERROR, "needs more memory than there is");
    }
  }
}
