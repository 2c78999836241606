package dev.detr4j.cli;

import dev.detr4j.cli.registry.FetchProgress;
import java.io.PrintWriter;
import java.util.Locale;

/**
 * How far a download is, in one line that overwrites itself: only on a terminal, and at most ten
 * times a second. Messages are printed anywhere.
 */
final class FetchLine implements FetchProgress, AutoCloseable {
  private final PrintWriter err;
  private final boolean shown;
  private String file = "";
  private long start;
  private long startedAt;
  private long lastDrawn;

  FetchLine(PrintWriter err, boolean terminal) {
    this.err = err;
    this.shown = terminal;
  }

  @Override
  public void update(String name, long done, long total) {
    long now = System.nanoTime();
    if (!name.equals(file)) {
      // What an earlier call brought says nothing about the speed of this one.
      file = name;
      start = now;
      startedAt = done;
    }
    if (!shown || (done != total && now - lastDrawn < 100_000_000L)) {
      return;
    }
    lastDrawn = now;
    err.print("\r\033[K" + text(name, done, total, done - startedAt, (now - start) / 1e9));
    err.flush();
  }

  /**
   * The line, without control sequences.
   *
   * @param fetched bytes that arrived in these seconds; the others were here already
   */
  static String text(String name, long done, long total, long fetched, double seconds) {
    String size = String.format(Locale.ROOT, "%.1f MB", done / 1e6);
    if (total > 0) {
      String left = "";
      if (fetched > 0 && done < total) {
        left = ", " + ProgressLine.duration(seconds / fetched * (total - done)) + " left";
      }
      double part = (double) Math.min(done, total) / total;
      size =
          String.format(
              Locale.ROOT,
              "%s %.1f of %.1f MB%s",
              ProgressLine.bar(part),
              done / 1e6,
              total / 1e6,
              left);
    }
    return ProgressLine.cut(size + "  " + Terminal.printable(name));
  }

  @Override
  public void message(String line) {
    close();
    err.println("detr4j: " + Terminal.printable(line));
    err.flush();
    lastDrawn = 0;
  }

  @Override
  public void close() {
    if (shown) {
      err.print("\r\033[K");
      err.flush();
    }
  }
}
