package dev.detr4j.backend;

/**
 * Bound nodes, ready to run on the queue that compiled them: {@link Queue#submit}. Whoever compiled
 * a program closes it, before the queue and the buffers; closing waits for the device where it
 * still runs the program, and closing twice has no effect.
 */
public interface Program extends AutoCloseable {
  /** Kernels that a submission starts on the device; 0 where nodes are no kernels of a device. */
  default long launches() {
    return 0;
  }

  @Override
  void close();
}
