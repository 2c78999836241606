package dev.detr4j.session;

import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Runs calls of virtual threads on platform threads.
 *
 * <p>A call computes for milliseconds without a point where a virtual thread could yield. On a
 * virtual thread it would hold its carrier for as long, and as many calls as there are carriers
 * would stop every other virtual thread of the JVM. A platform thread is preempted by the system
 * instead. Thread-safe.
 */
public final class PlatformThreads implements AutoCloseable {
  private static final long KEEP_ALIVE_SECONDS = 30;

  private final ThreadPoolExecutor threads;

  /**
   * Without threads; they start when a virtual thread calls and end when none has for a while.
   *
   * @param count calls that run at once
   */
  public PlatformThreads(int count) {
    AtomicInteger number = new AtomicInteger();
    threads =
        new ThreadPoolExecutor(
            count,
            count,
            KEEP_ALIVE_SECONDS,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(),
            run ->
                Thread.ofPlatform()
                    .daemon()
                    .name("detr4j-call-" + number.incrementAndGet())
                    .unstarted(run));
    threads.allowCoreThreadTimeOut(true);
  }

  /**
   * Runs a call and returns what it returns or throws what it throws: on this thread if it is a
   * platform thread, on another one if it is virtual. An interrupted virtual thread tells the
   * limits, waits until the call has noticed, and stays interrupted; until then the call may read
   * its caller's memory.
   *
   * @throws IllegalStateException when a virtual thread comes after {@link #close}
   */
  public <T> T run(CallLimits limits, Supplier<T> call) {
    if (!Thread.currentThread().isVirtual()) {
      return call.get();
    }
    FutureTask<T> task = new FutureTask<>(call::get);
    try {
      threads.execute(task);
    } catch (RejectedExecutionException e) {
      throw new IllegalStateException("the detector is closed", e);
    }
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return task.get();
        } catch (InterruptedException e) {
          interrupted = true;
          limits.interrupt();
        } catch (ExecutionException e) {
          throw thrown(e.getCause());
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private static RuntimeException thrown(@Nullable Throwable cause) {
    if (cause instanceof Error error) {
      throw error;
    }
    if (cause instanceof RuntimeException known) {
      return known;
    }
    return new IllegalStateException(cause); // a Supplier throws nothing else
  }

  /** Ends the threads once their calls have ended. */
  @Override
  public void close() {
    threads.shutdown();
  }
}
