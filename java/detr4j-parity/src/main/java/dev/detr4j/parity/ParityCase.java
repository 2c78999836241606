package dev.detr4j.parity;

import dev.detr4j.backend.Backend;
import dev.detr4j.backend.BackendKind;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One thing that a golden set lets us compare. Nothing is read until it runs. Immutable and
 * thread-safe.
 */
public sealed interface ParityCase {
  /**
   * Its place in the set, for instance {@code models/hf_detr_r50}: what prefixes are matched to.
   */
  String path();

  /** A case that runs kernels, once for each backend and tier. */
  non-sealed interface OnBackend extends ParityCase {
    /** Why the case does not run on a backend, without a full stop, or null when it does. */
    default @Nullable String refusal(BackendKind kind) {
      return null;
    }

    /**
     * Runs the case and compares.
     *
     * @return the stages in the order of the computation
     * @throws dev.detr4j.error.Detr4jException when the case is malformed or cannot run here
     */
    List<StageResult> run(Backend backend);
  }

  /** A case that runs no kernels and so has nothing to do with backends. */
  non-sealed interface OnHost extends ParityCase {
    /**
     * Runs the case and compares.
     *
     * @throws dev.detr4j.error.Detr4jException when the case is malformed
     */
    List<StageResult> run();
  }

  /**
   * A case that this version cannot run.
   *
   * @param reason one sentence, without a full stop
   */
  record NotRun(String path, String reason) implements ParityCase {}
}
