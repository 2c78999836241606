package dev.detr4j.serve.exchange;

import java.util.concurrent.atomic.AtomicLong;

/** Bytes that the bodies of all requests together may hold. Thread-safe. */
public final class MemoryBudget {
  private final long limit;
  private final AtomicLong used = new AtomicLong();

  /** A budget of so many bytes. */
  public MemoryBudget(long limit) {
    this.limit = limit;
  }

  /** Takes bytes, or refuses the request, which may come again in a second. */
  public void take(long bytes) {
    if (used.addAndGet(bytes) > limit) {
      used.addAndGet(-bytes);
      throw Refusal.busy(
          "the requests at hand hold as much memory as they may (%d MiB)".formatted(limit >> 20),
          1);
    }
  }

  /** Gives bytes back. */
  public void give(long bytes) {
    used.addAndGet(-bytes);
  }

  /** What is taken. */
  public long used() {
    return used.get();
  }
}
