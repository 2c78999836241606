package dev.detr4j.backend;

/**
 * Decides between the steps of a call whether the call goes on. A step takes milliseconds at most,
 * so a call ends soon after it is told to.
 */
@FunctionalInterface
public interface StopSignal {
  /** Returns if the call goes on; else throws what its caller is to get. Must not allocate. */
  void check();
}
