package dev.detr4j.cli;

import java.io.PrintWriter;
import java.util.Locale;

/**
 * How far a folder is, in one line that overwrites itself: only on a terminal, and at most ten
 * times a second. Messages in between go through {@link #message}, so that they do not end up
 * inside it. Thread-safe: the JVM may end in another thread.
 */
final class ProgressLine implements AutoCloseable {
  private static final int BAR = 24;
  private static final int WIDTH = 79;

  private final PrintWriter err;
  private final boolean shown;
  private final int total;
  private final long start = System.nanoTime();
  private long lastDrawn;
  private boolean ended;

  /** A line for so many images; nothing is shown for one. */
  ProgressLine(PrintWriter err, int total, boolean terminal) {
    this.err = err;
    this.total = total;
    this.shown = terminal && total > 1;
  }

  /** Says how many are done and which is next. */
  synchronized void update(int done, String next) {
    long now = System.nanoTime();
    if (!shown || ended || (done > 0 && done < total && now - lastDrawn < 100_000_000L)) {
      return;
    }
    lastDrawn = now;
    String line = text(done, total, (now - start) / 1e9, next);
    err.print("\r\033[K" + line);
    err.flush();
  }

  /** The line, without control sequences. */
  static String text(int done, int total, double seconds, String next) {
    String left = "";
    if (done > 0 && done < total) {
      left = ", " + duration(seconds / done * (total - done)) + " left";
    }
    String line =
        String.format(
            Locale.ROOT,
            "%s %d/%d%s  %s",
            bar((double) done / total),
            done,
            total,
            left,
            Terminal.printable(next));
    return cut(line);
  }

  /** A bar of which this part, 0 to 1, is filled. */
  static String bar(double part) {
    int filled = (int) (BAR * part);
    return "[" + "#".repeat(filled) + ".".repeat(BAR - filled) + "]";
  }

  /** A line that fits a terminal. */
  static String cut(String line) {
    return line.length() > WIDTH ? line.substring(0, WIDTH - 1) + "…" : line;
  }

  /** Seconds as m:ss or h:mm:ss. */
  static String duration(double seconds) {
    long whole = Math.round(seconds);
    return whole < 3600
        ? String.format(Locale.ROOT, "%d:%02d", whole / 60, whole % 60)
        : String.format(Locale.ROOT, "%d:%02d:%02d", whole / 3600, whole / 60 % 60, whole % 60);
  }

  /** Prints a line of its own. */
  synchronized void message(String line) {
    if (ended) {
      return;
    }
    clear();
    err.println(line);
    err.flush();
    lastDrawn = 0;
  }

  /** Prints a line of its own that nothing follows, whoever still calls. */
  synchronized void last(String line) {
    message(line);
    ended = true;
  }

  private void clear() {
    if (shown) {
      err.print("\r\033[K");
      err.flush();
    }
  }

  @Override
  public synchronized void close() {
    if (!ended) {
      clear();
    }
  }
}
