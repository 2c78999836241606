package dev.detr4j.bench.peer;

import dev.detr4j.backend.BackendKind;
import dev.detr4j.backend.Precision;

/** A backend as a contender, with what it multiplies in. */
record OwnBackend(BackendKind kind, Precision precision) {
  /** As in options: {@code vector}, {@code c}, {@code c-bf16}. */
  static OwnBackend of(String word) {
    int dash = word.indexOf('-');
    return dash < 0
        ? new OwnBackend(BackendKind.of(word), Precision.FP32)
        : new OwnBackend(
            BackendKind.of(word.substring(0, dash)), Precision.of(word.substring(dash + 1)));
  }

  /** The word in options. */
  String id() {
    return kind.id() + (precision == Precision.FP32 ? "" : "-" + precision.id());
  }
}
