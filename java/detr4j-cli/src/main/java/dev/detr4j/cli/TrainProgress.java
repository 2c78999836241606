package dev.detr4j.cli;

import dev.detr4j.train.run.TrainingRun;
import java.io.PrintWriter;

/**
 * How a training goes, on standard error: on a terminal a line that replaces itself, elsewhere, as
 * in a log, such a line once a minute. Thread-safe: the JVM may end in another thread.
 */
final class TrainProgress implements TrainingRun.Listener, AutoCloseable {
  private static final long ON_TERMINAL = 100_000_000L;
  private static final long IN_LOG = 60_000_000_000L;

  private final PrintWriter err;
  private final boolean terminal = Terminal.errorIsTerminal();
  private long lastShown = System.nanoTime();
  private boolean shown;

  TrainProgress(PrintWriter err) {
    this.err = err;
  }

  @Override
  public synchronized void progress(String line) {
    long now = System.nanoTime();
    if (now - lastShown < (terminal ? ON_TERMINAL : IN_LOG)) {
      return;
    }
    lastShown = now;
    String text = Terminal.printable(line);
    if (terminal) {
      err.print("\r\033[K" + ProgressLine.cut(text));
      shown = true;
    } else {
      err.println("detr4j: " + text);
    }
    err.flush();
  }

  @Override
  public synchronized void message(String line) {
    clear();
    err.println("detr4j: " + Terminal.printable(line));
    err.flush();
  }

  /** Removes the line that replaces itself. */
  synchronized void clear() {
    if (shown) {
      err.print("\r\033[K");
      err.flush();
      shown = false;
    }
  }

  @Override
  public void close() {
    clear();
  }
}
