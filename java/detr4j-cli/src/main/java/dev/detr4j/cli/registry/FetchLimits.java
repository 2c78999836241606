package dev.detr4j.cli.registry;

import java.time.Duration;

/**
 * What no server may exceed, whatever it says.
 *
 * @param largestText bytes of a JSON file
 * @param largestWeights bytes of any other file
 * @param failures attempts in a row that may bring nothing new
 * @param attempts attempts in all
 * @param pause before the second attempt; it doubles from there on
 * @param longestPause no pause is longer, even where a server asks for it
 * @param stall how long a connection may bring nothing
 */
public record FetchLimits(
    long largestText,
    long largestWeights,
    int failures,
    int attempts,
    Duration pause,
    Duration longestPause,
    Duration stall) {
  /** The largest published file has a quarter of a gigabyte, with its optimizer three quarters. */
  public static final FetchLimits STANDARD =
      new FetchLimits(
          16L << 20,
          4L << 30,
          5,
          200,
          Duration.ofMillis(500),
          Duration.ofSeconds(60),
          Duration.ofSeconds(60));

  long largest(String file) {
    return file.endsWith(".json") ? largestText : largestWeights;
  }

  /** How long to wait after so many failures in a row, at least as long as the server asked for. */
  Duration pause(int failed, Duration asked) {
    Duration growing = pause.multipliedBy(1L << Math.min(failed - 1, 10));
    Duration longer = growing.compareTo(asked) < 0 ? asked : growing;
    return longer.compareTo(longestPause) < 0 ? longer : longestPause;
  }
}
