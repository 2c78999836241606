package dev.detr4j.cli;

import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A last word where a run ends before it is complete: when the JVM is told to end, as by Ctrl-C,
 * and when an error ends the run. Closing without {@link #completed} is such an end. Thread-safe.
 */
final class Interruption implements AutoCloseable {
  private final ProgressLine progress;
  private final Supplier<@Nullable String> word;
  private final Thread hook = new Thread(this::say);
  private boolean over;

  /**
   * Begins to watch.
   *
   * @param word the line, or null where there is nothing to say; called when the run ends
   */
  Interruption(ProgressLine progress, Supplier<@Nullable String> word) {
    this.progress = progress;
    this.word = word;
    Runtime.getRuntime().addShutdownHook(hook);
  }

  /** What is kept of a run, and how it goes on; null when nothing is. */
  static @Nullable String kept(int images, int total, Object where) {
    return images == 0
        ? null
        : "detr4j: stopped: %d of %d images are kept in %s; repeat the command to resume"
            .formatted(images, total, Terminal.printable(where.toString()));
  }

  /** The run is complete: there is nothing to say any more. */
  synchronized void completed() {
    over = true;
  }

  private synchronized void say() {
    if (!over) {
      over = true;
      String line = word.get();
      if (line != null) {
        progress.last(line);
      }
    }
  }

  @Override
  public void close() {
    say();
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // The JVM is ending, and the hook has had its turn.
    }
  }
}
