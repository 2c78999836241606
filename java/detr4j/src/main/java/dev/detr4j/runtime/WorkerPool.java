package dev.detr4j.runtime;

import dev.detr4j.error.BackendException;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * Threads that share the tiles of a task with the thread that calls.
 *
 * <p>Pools share their workers unless they are told to have their own: a JVM has as many as its
 * largest shared pool asks for, and a job is done by no more of them than its own pool asked for.
 * The workers end when the last shared pool is closed. A pool of one thread has no workers: the
 * caller runs every tile and nothing is handed off.
 *
 * <p>Thread-safe; {@link Crew} says what happens when several threads call at once.
 */
public final class WorkerPool implements AutoCloseable {
  private final int threads;
  private final @Nullable Crew crew;
  private final Runnable end;
  private final AtomicBoolean closed = new AtomicBoolean();

  private WorkerPool(int threads, @Nullable Crew crew, Runnable end) {
    this.threads = threads;
    this.crew = crew;
    this.end = end;
  }

  /**
   * A pool on the workers that all shared pools of this JVM have in common; more are started if
   * there are too few.
   *
   * @param threads threads that run tiles, the caller included; at least 1
   */
  public static WorkerPool shared(int threads) {
    return shared(threads, SharedCrew.OF_THE_JVM);
  }

  static WorkerPool shared(int threads, SharedCrew crew) {
    return checked(threads) == 1
        ? new WorkerPool(1, null, () -> {})
        : new WorkerPool(threads, crew.acquire(threads - 1), crew::release);
  }

  /**
   * A pool with workers that nobody else uses.
   *
   * @param threads threads that run tiles, the caller included; at least 1
   * @param name prefix of the threads' names
   */
  public static WorkerPool own(int threads, String name) {
    return shared(threads, new SharedCrew(name));
  }

  private static int checked(int threads) {
    if (threads < 1) {
      throw new IllegalArgumentException("threads must be at least 1, got " + threads);
    }
    return threads;
  }

  /** Threads that run tiles, the caller included. */
  public int threads() {
    return threads;
  }

  /**
   * Runs every tile of a kernel and returns when all have ended.
   *
   * @param memory one scratch segment for each thread of the pool
   * @param label names the step in errors
   * @throws BackendException when a tile fails; the other tiles still end first
   */
  public void run(TileTask job, int tileCount, MemorySegment[] memory, String label) {
    if (crew != null && tileCount > 1 && crew.run(job, tileCount, memory, label)) {
      return;
    }
    try {
      for (int tile = 0; tile < tileCount; tile++) {
        job.run(tile, memory[0]);
      }
    } catch (Throwable e) {
      throw Crew.named(e, label);
    }
  }

  /**
   * Ends the workers and waits for them, unless other pools share them. Kernels that run meanwhile
   * are finished by their callers. Closing twice has no effect.
   */
  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      end.run();
    }
  }
}
