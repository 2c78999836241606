package dev.detr4j.session;

import java.util.Locale;

/** Durations in messages. */
final class Durations {
  private Durations() {}

  /** As in 250 ms or 2.5 s. */
  static String text(long nanoseconds) {
    return nanoseconds < 1_000_000_000L
        ? number(nanoseconds / 1e6) + " ms"
        : number(nanoseconds / 1e9) + " s";
  }

  private static String number(double value) {
    String text = String.format(Locale.ROOT, "%.3f", value);
    return text.replaceAll("\\.?0+$", "");
  }
}
