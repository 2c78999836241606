package dev.detr4j.bench.peer;

/**
 * One way to run a model: the same normalised pixels in, raw logits and boxes out.
 *
 * <p>Used by one thread, which also closes it.
 */
interface Contender extends Turn, AutoCloseable {
  /** The name in the table, as in {@code detr4j c (avx512)}. */
  String name();

  /** The outputs of the last run. */
  RawOutputs outputs();

  /** The process that does the work and holds the model. */
  default long pid() {
    return ProcessHandle.current().pid();
  }

  @Override
  void close();
}
