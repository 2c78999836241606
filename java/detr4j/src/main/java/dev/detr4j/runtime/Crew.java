package dev.detr4j.runtime;

import dev.detr4j.error.BackendException;
import dev.detr4j.error.Detr4jException;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Worker threads, and one job at a time for as many of them as it wants.
 *
 * <p>Workers spin for a short while after their last tile, because the next kernel of a plan
 * follows within microseconds, and then park. When several threads call at once, one of them gets
 * the workers for its kernel and the others run theirs alone, so nobody waits for somebody else's
 * step.
 *
 * <p>A job is published as one number, {@code epoch << 32 | tiles left}. A worker takes a tile by
 * lowering that number with a compare-and-set, which fails once the job is over; so a worker that
 * wakes late can neither take a tile of the wrong job nor be waited for. Running allocates nothing.
 */
final class Crew {
  /** Long enough to bridge two steps, short enough not to warm the room: about 50 microseconds. */
  private static final int SPINS = 2_000;

  private static final VarHandle TICKET;
  private static final VarHandle DONE;

  static {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      TICKET = lookup.findVarHandle(Crew.class, "ticket", long.class);
      DONE = lookup.findVarHandle(Crew.class, "done", int.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final String name;
  private final AtomicBoolean busy = new AtomicBoolean();
  private volatile Worker[] workers = {};
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
   * A crew of nobody.
   *
   * @param name prefix of the threads' names
   */
  Crew(String name) {
    this.name = name;
  }

  /** Starts workers until there are this many; {@link SharedCrew} has one caller at a time. */
  void grow(int count) {
    for (int i = workers.length; i < count; i++) {
      Worker worker = new Worker(i + 1, name + "-" + (i + 1));
      worker.start();
      // One at a time: where the system refuses a thread, those before it are in the list and end.
      Worker[] more = Arrays.copyOf(workers, i + 1);
      more[i] = worker;
      workers = more;
    }
  }

  /**
   * Runs every tile of a kernel and returns when all have ended; false, and nothing has been done,
   * when the workers are busy with somebody else's or have ended.
   *
   * @param memory one scratch segment for each thread that may take part, the caller's first
   * @param label names the step in errors
   * @throws BackendException when a tile fails; the other tiles still end first
   */
  boolean run(TileTask job, int tileCount, MemorySegment[] memory, String label) {
    if (closed || !busy.compareAndSet(false, true)) {
      return false;
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
      Worker[] crew = workers;
      for (int i = 0; i < memory.length - 1 && i < crew.length; i++) {
        if (crew[i].parked) {
          LockSupport.unpark(crew[i]);
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
    return true;
  }

  /** Takes one tile and runs it; false when none is left for this thread. */
  private boolean takeTile(int index) {
    long seen = ticket;
    int left = (int) seen;
    if (left == 0) {
      return false;
    }
    TileTask job = kernel;
    MemorySegment[] memory = scratch;
    if (index >= memory.length) {
      return false;
    }
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

  /** The failure of a tile as its caller sees it. */
  static RuntimeException named(Throwable e, String label) {
    if (e instanceof Detr4jException known) {
      return known;
    }
    if (e instanceof Error error) {
      throw error;
    }
    return new BackendException("step " + label + " failed: " + e, e);
  }

  /** Ends the workers and waits for them. Jobs that run meanwhile are finished by their callers. */
  void end() {
    closed = true;
    Worker[] crew = workers;
    for (Worker worker : crew) {
      LockSupport.unpark(worker);
    }
    boolean interrupted = false;
    for (Worker worker : crew) {
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
          if (!wanted() && !closed) {
            LockSupport.park(Crew.this);
          }
          parked = false;
          idle = 0;
        }
      }
    }

    /** Whether the current job has tiles left for this worker. */
    private boolean wanted() {
      return (int) ticket != 0 && index < scratch.length;
    }
  }
}
