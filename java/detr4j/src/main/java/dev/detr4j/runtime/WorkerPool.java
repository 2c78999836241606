package dev.detr4j.runtime;

import dev.detr4j.BackendException;
import dev.detr4j.Detr4jException;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Threads that share the tiles of a task with the thread that calls.
 *
 * <p>Workers spin for a short while after their last tile, because the next kernel of a plan
 * follows within microseconds, and then park. A pool of one thread has no workers: the caller runs
 * every tile and nothing is handed off. When several threads call at once, one of them gets the
 * workers for its kernel and the others run theirs alone, so nobody waits for somebody else's step.
 *
 * <p>A job is published as one number, {@code epoch << 32 | tiles left}. A worker takes a tile by
 * lowering that number with a compare-and-set, which fails once the job is over; so a worker that
 * wakes late can neither take a tile of the wrong job nor be waited for. Running allocates nothing.
 */
public final class WorkerPool implements AutoCloseable {
  /** Long enough to bridge two steps, short enough not to warm the room: about 50 microseconds. */
  private static final int SPINS = 2_000;

  private static final VarHandle TICKET;
  private static final VarHandle DONE;

  static {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      TICKET = lookup.findVarHandle(WorkerPool.class, "ticket", long.class);
      DONE = lookup.findVarHandle(WorkerPool.class, "done", int.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final Worker[] workers;
  private final AtomicBoolean busy = new AtomicBoolean();
  private volatile boolean closed;

  @SuppressWarnings("unused") // Reached through TICKET.
  private volatile long ticket;

  @SuppressWarnings("unused") // Reached through DONE.
  private volatile int done;

  // The job. Written while no tile is left, read between two looks at the ticket.
  private @Nullable TileTask kernel;
  private MemorySegment[] scratch = {};
  private int tiles;
  private @Nullable Throwable failure;

  /**
   * Starts the workers.
   *
   * @param threads threads that run tiles, the caller included; at least 1
   * @param name prefix of the threads' names
   */
  public WorkerPool(int threads, String name) {
    if (threads < 1) {
      throw new IllegalArgumentException("threads must be at least 1, got " + threads);
    }
    workers = new Worker[threads - 1];
    for (int i = 0; i < workers.length; i++) {
      workers[i] = new Worker(i + 1, name + "-" + (i + 1));
    }
    for (Worker worker : workers) {
      worker.start();
    }
  }

  /** Threads that run tiles, the caller included. */
  public int threads() {
    return workers.length + 1;
  }

  /**
   * Runs every tile of a kernel and returns when all have ended.
   *
   * @param memory one scratch segment for each thread of the pool
   * @param label names the step in errors
   * @throws BackendException when a tile fails; the other tiles still end first
   */
  public void run(TileTask job, int tileCount, MemorySegment[] memory, String label) {
    if (workers.length == 0 || tileCount == 1 || closed || !busy.compareAndSet(false, true)) {
      try {
        for (int tile = 0; tile < tileCount; tile++) {
          job.run(tile, memory[0]);
        }
      } catch (Throwable e) {
        throw named(e, label);
      }
      return;
    }
    Throwable failed;
    try {
      kernel = job;
      scratch = memory;
      tiles = tileCount;
      failure = null;
      DONE.setVolatile(this, 0);
      long epoch = (ticket >>> 32) + 1;
      TICKET.setVolatile(this, epoch << 32 | tileCount);
      for (Worker worker : workers) {
        if (worker.parked) {
          LockSupport.unpark(worker);
        }
      }
      while (takeTile(0)) {}
      while ((int) DONE.getAcquire(this) < tileCount) {
        Thread.onSpinWait();
      }
      failed = failure;
      kernel = null;
    } finally {
      busy.set(false);
    }
    if (failed != null) {
      throw named(failed, label);
    }
  }

  /** Takes one tile and runs it; false when none is left. */
  private boolean takeTile(int index) {
    long seen = ticket;
    int left = (int) seen;
    if (left == 0) {
      return false;
    }
    TileTask job = kernel;
    MemorySegment[] memory = scratch;
    int tile = tiles - left;
    if (!TICKET.compareAndSet(this, seen, seen - 1)) {
      return true;
    }
    // The ticket did not move since it was read, so the job read in between is the current one and
    // stays until this tile is done.
    try {
      if (job != null) {
        job.run(tile, memory[index]);
      }
    } catch (Throwable e) {
      failure = e;
    } finally {
      DONE.getAndAddRelease(this, 1);
    }
    return true;
  }

  private static RuntimeException named(Throwable e, String label) {
    if (e instanceof Detr4jException known) {
      return known;
    }
    if (e instanceof Error error) {
      throw error;
    }
    return new BackendException("step " + label + " failed: " + e, e);
  }

  /**
   * Ends the workers and waits for them. Kernels that run meanwhile are finished by their callers.
   */
  @Override
  public void close() {
    closed = true;
    for (Worker worker : workers) {
      LockSupport.unpark(worker);
    }
    boolean interrupted = false;
    for (Worker worker : workers) {
      while (worker.isAlive()) {
        try {
          worker.join();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private final class Worker extends Thread {
    private final int index;
    private volatile boolean parked;

    Worker(int index, String name) {
      super(name);
      this.index = index;
      setDaemon(true);
    }

    @Override
    public void run() {
      int idle = 0;
      while (!closed) {
        if (takeTile(index)) {
          idle = 0;
        } else if (++idle < SPINS) {
          Thread.onSpinWait();
        } else {
          parked = true;
          // Looked at again after the flag is up: a job published in between would otherwise be
          // slept through.
          if ((int) ticket == 0 && !closed) {
            LockSupport.park(WorkerPool.this);
          }
          parked = false;
          idle = 0;
        }
      }
    }
  }
}
