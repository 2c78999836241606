package dev.detr4j.parity;

import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * What became of one case on one backend.
 *
 * @param path the case
 * @param backend the backend's name; {@code host} for a case that has nothing to do with backends
 * @param tier the backend's instruction set, or {@code -}
 * @param stages what was compared, in order; empty when there was an error or nothing was run
 * @param verdict of all stages together
 * @param message the error, or why it was not run; empty otherwise
 */
public record ParityOutcome(
    String path,
    String backend,
    String tier,
    List<StageResult> stages,
    Verdict verdict,
    String message) {
  /** How a comparison ended. */
  public enum Verdict {
    /** Every stage is within its tolerance. */
    PASS,
    /** A stage is not. */
    MISS,
    /** The case is malformed or could not run, although it should. */
    ERROR,
    /** This version does not run such cases: neither a pass nor a failure. */
    NOT_RUN
  }

  /** Copies the stages. */
  public ParityOutcome {
    stages = List.copyOf(stages);
  }

  /** Whether this is a reason to fail. */
  public boolean fails() {
    return verdict == Verdict.MISS || verdict == Verdict.ERROR;
  }

  /** The stage that is farthest off, measured by its tolerance. */
  public Optional<StageResult> worst() {
    return stages.stream().max(Comparator.comparingDouble(StageResult::relative));
  }
}
