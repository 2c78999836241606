package dev.detr4j.cli.profile;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * How busy the machine was with other processes during a stretch of time: their part of the time of
 * all processors. In a container with a share of its own, the machine is that share. Not
 * thread-safe.
 */
public final class OtherProcesses {
  /** More than what a desktop or a monitoring daemon takes at rest, and enough to change times. */
  private static final double BUSY = 0.1;

  private final @Nullable OperatingSystemMXBean system =
      ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean bean
          ? bean
          : null;

  private final long start = System.nanoTime();
  private final long own = system == null ? -1 : system.getProcessCpuTime();

  /** Begins to watch. */
  public OtherProcesses() {
    if (system != null) {
      // The next call answers for the time since this one.
      double _ = system.getCpuLoad();
    }
  }

  /** Their part so far, from 0 to 1; NaN where the system does not say. */
  public double share() {
    if (system == null) {
      return Double.NaN;
    }
    return share(
        system.getCpuLoad(),
        own < 0 ? -1 : system.getProcessCpuTime() - own,
        System.nanoTime() - start,
        Runtime.getRuntime().availableProcessors());
  }

  /**
   * The part of the others.
   *
   * @param all the part that all processes took; negative where it is unknown
   * @param own nanoseconds of this process, on all processors; negative where they are unknown
   */
  static double share(double all, long own, long nanoseconds, int processors) {
    return all < 0 || own < 0 || nanoseconds <= 0
        ? Double.NaN
        : Math.clamp(all - (double) own / nanoseconds / processors, 0, 1);
  }

  /** What a share means for the times, as a line; null where it means nothing. */
  static @Nullable String line(double share) {
    return share >= BUSY
        ? String.format(
            Locale.ROOT,
            "the machine was busy: other processes took %.0f %% of the processors, so times are too long; repeat"
                + " when it is idle",
            100 * share)
        : null;
  }
}
