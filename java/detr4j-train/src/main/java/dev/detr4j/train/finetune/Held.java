package dev.detr4j.train.finetune;

import java.util.ArrayDeque;
import java.util.Deque;

/** What has to be closed at the end, the last first. Not thread-safe. */
final class Held implements AutoCloseable {
  private final Deque<AutoCloseable> open = new ArrayDeque<>();

  void add(AutoCloseable thing) {
    open.push(thing);
  }

  /** Closes everything, whatever fails; throws the first failure, with the others in it. */
  @Override
  public void close() {
    RuntimeException failure = null;
    while (!open.isEmpty()) {
      try {
        open.pop().close();
      } catch (Exception e) {
        RuntimeException now =
            e instanceof RuntimeException known ? known : new IllegalStateException(e);
        if (failure == null) {
          failure = now;
        } else {
          failure.addSuppressed(now);
        }
      }
    }
    if (failure != null) {
      throw failure;
    }
  }
}
