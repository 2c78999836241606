package dev.detr4j.backend;

import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Finds out whether a backend can be used here, and opens it. Stateless and thread-safe. */
public interface BackendProvider {
  /** The kind that this provider opens. */
  BackendKind kind();

  /**
   * The precisions that this kind of backend has on some device; whether it has one of them here,
   * {@link #unavailable} says.
   */
  default Set<Precision> precisions() {
    return EnumSet.of(Precision.FP32, Precision.BF16);
  }

  /** Why the backend cannot be used with these options, in one sentence, or null when it can. */
  @Nullable String unavailable(BackendOptions options);

  /**
   * What these options or settings ask for that no other backend can meet, such as an instruction
   * set, or null. An automatic choice then does not go on to the next.
   */
  default @Nullable String demand(BackendOptions options) {
    return null;
  }

  /** Why an automatic choice passes over this backend although it can be used, or null. */
  default @Nullable String notAutomatic() {
    return null;
  }

  /**
   * What everybody should know before using this backend, whether or not it can be used here, in
   * one sentence; null where there is nothing.
   */
  default @Nullable String caution() {
    return null;
  }

  /**
   * The vectors that the kernels of an open backend with these options are made of: what its steps
   * are held against.
   */
  default VectorUnit vectorUnit(BackendOptions options) {
    return VectorUnit.WIDEST;
  }

  /**
   * What a user who wonders about this machine should know of this backend, a line each; may
   * measure for some milliseconds.
   *
   * @throws dev.detr4j.error.BackendException when the backend cannot be used
   */
  default List<String> notes(BackendOptions options) {
    return List.of();
  }

  /** What measures this machine's peaks, or null where this provider does not. */
  default @Nullable PeakMeter peakMeter() {
    return null;
  }

  /**
   * Opens the backend; throws {@link dev.detr4j.error.BackendException} with every reason when it
   * cannot be used.
   */
  Backend open(BackendOptions options);
}
