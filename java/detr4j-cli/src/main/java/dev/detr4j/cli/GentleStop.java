package dev.detr4j.cli;

import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;

/**
 * What Ctrl-C does to a run that can stop by itself: it is asked to, and the JVM waits until it has
 * said its last word. Closed when the run is over and has closed what it held.
 */
final class GentleStop implements AutoCloseable {
  private final CountDownLatch over = new CountDownLatch(1);
  private final TrainProgress progress;
  private final Thread hook = new Thread(this::stop);
  private volatile @Nullable Runnable request;

  /** Begins to watch; until it has what to ask, the JVM ends as it always does. */
  GentleStop(TrainProgress progress) {
    this.progress = progress;
    Runtime.getRuntime().addShutdownHook(hook);
  }

  /** Says how to ask the run to stop. */
  void asks(Runnable run) {
    request = run;
  }

  private void stop() {
    Runnable run = request;
    if (run == null) {
      return;
    }
    run.run();
    progress.message("stopping after the step at hand; its state will be kept");
    try {
      over.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {
    over.countDown();
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // The JVM is ending, and the hook has its turn.
    }
  }
}
