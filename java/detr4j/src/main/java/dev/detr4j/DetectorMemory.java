package dev.detr4j;

import java.util.Locale;

/**
 * Memory that a detector holds on its device, at one moment. For the processors of the host the
 * device's memory is that of the process, outside the heap.
 *
 * @param weightBytes packed weights, which all sessions share; they are packed when an image size
 *     is first seen
 * @param sessions open sessions
 * @param sessionBytes feature maps, image pixels and workspace of all sessions together
 */
public record DetectorMemory(long weightBytes, int sessions, long sessionBytes) {
  /** As in {@code 160.1 MiB of weights, 2 sessions with 88.0 MiB}. */
  @Override
  public String toString() {
    return String.format(
        Locale.ROOT,
        "%.1f MiB of weights, %d sessions with %.1f MiB",
        weightBytes / 1048576.0,
        sessions,
        sessionBytes / 1048576.0);
  }
}
