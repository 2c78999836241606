package dev.detr4j.backend.parity;

import dev.detr4j.backend.Backend;
import java.util.List;

/** How the tensors of a case lie in memory. */
enum Placement {
  /** In memory of the backend, at an offset that is no multiple of a vector. */
  ANYWHERE(""),
  /** Each ends where an unmapped page begins. */
  BEFORE_A_GUARD(", guard page behind"),
  /** Each begins where an unmapped page ends. */
  BEHIND_A_GUARD(", guard page before");

  static final List<Placement> GUARDED = List.of(BEFORE_A_GUARD, BEHIND_A_GUARD);

  /** Added to the description of a run. */
  final String words;

  Placement(String words) {
    this.words = words;
  }

  CaseMemory memory(Backend backend) {
    return this == ANYWHERE ? CaseMemory.of(backend) : new GuardedMemory(this == BEFORE_A_GUARD);
  }
}
