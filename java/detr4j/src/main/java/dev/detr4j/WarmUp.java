package dev.detr4j;

import dev.detr4j.error.ImageException;
import dev.detr4j.image.ImageView;
import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;

/**
 * The result of warming up a session.
 *
 * @param calls number of calls
 * @param took time of all calls
 * @param fastest time of the fastest call
 * @param lastChange relative improvement of the fastest call in the last measurement window; at
 *     most {@value #STEADY} when steady
 * @param steady whether calls stopped getting faster; otherwise, the time limit ended the warm-up
 */
public record WarmUp(
    int calls, Duration took, Duration fastest, double lastChange, boolean steady) {
  /** Calls are steady when a measurement window improves the fastest call by at most this part. */
  public static final double STEADY = 0.03;

  private static final long STRETCH_NANOSECONDS = 250_000_000L;

  /** Warms up a session, as {@link DetectorSession#warmUp(int, int, Duration)} says. */
  static WarmUp run(DetectorSession session, int width, int height, Duration atMost) {
    if (width < 1 || height < 1 || 3L * width * height > Integer.MAX_VALUE - 8) {
      throw new ImageException(
          "warm-up image is %d x %d, expected 1 x 1 to about 700 million pixels"
              .formatted(width, height));
    }
    byte[] grey = new byte[3 * width * height];
    Arrays.fill(grey, (byte) 127);
    ImageView image = ImageView.rgb(grey, width, height);
    Detections found = session.newDetections();
    long start = System.nanoTime();
    long end = start + atMost.toNanos();
    long now = start;
    long fastest = Long.MAX_VALUE;
    double change = 1;
    int calls = 0;
    int unchanged = 0;
    while (unchanged < 2 && (calls == 0 || end - now > 0)) {
      long before = fastest;
      long stretch = now;
      do {
        long call = now;
        session.detect(image, found);
        calls++;
        now = System.nanoTime();
        fastest = Math.min(fastest, now - call);
      } while (now - stretch < STRETCH_NANOSECONDS && end - now > 0);
      change = before == Long.MAX_VALUE ? 1 : (before - fastest) / (double) before;
      unchanged = change <= STEADY ? unchanged + 1 : 0;
    }
    return new WarmUp(
        calls, Duration.ofNanos(now - start), Duration.ofNanos(fastest), change, unchanged == 2);
  }

  /** One line for logs. */
  @Override
  public String toString() {
    return String.format(
        Locale.ROOT,
        "%s after %d calls in %.1f s, fastest %.1f ms, last change %.1f %%",
        steady ? "steady" : "not steady yet",
        calls,
        took.toNanos() / 1e9,
        fastest.toNanos() / 1e6,
        100 * lastChange);
  }
}
