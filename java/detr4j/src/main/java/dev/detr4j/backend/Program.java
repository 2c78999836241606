package dev.detr4j.backend;

/**
 * Bound nodes, ready to run on the queue that compiled them: {@link Queue#submit}. Whoever compiled
 * a program closes it, before the queue; closing twice has no effect.
 */
public interface Program extends AutoCloseable {
  @Override
  void close();
}
