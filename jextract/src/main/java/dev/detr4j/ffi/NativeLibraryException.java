package dev.detr4j.ffi;

import java.util.List;

/**
 * No usable native library was found. The message is one line; {@link #reasons()} has one line for
 * each place looked at.
 */
public final class NativeLibraryException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  @SuppressWarnings("serial") // An immutable list of strings, serialisable in fact.
  private final List<String> reasons;

  NativeLibraryException(String name, List<String> reasons, List<? extends Throwable> causes) {
    super("native library " + name + " cannot be used: " + String.join("; ", reasons));
    this.reasons = List.copyOf(reasons);
    causes.forEach(this::addSuppressed);
  }

  /** Each place that was looked at and why its library was not used, in the order of the search. */
  public List<String> reasons() {
    return reasons;
  }
}
