package dev.detr4j.bench.peer;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/**
 * Times contenders in turn, so that a busy neighbour or a change of clock hits all of them alike.
 *
 * <p>Every round runs each contender once, and starts with another one than the round before. A
 * pause ahead of each run lets the previous contender's spinning workers go to sleep.
 */
public final class InterleavedRounds {
  private final OperatingSystemMXBean process =
      ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
  private final int warmUp;
  private final int rounds;
  private final long pauseNanos;

  /**
   * Rounds for one comparison.
   *
   * @param warmUp rounds that are not counted
   * @param rounds rounds that are
   * @param pauseMillis rest ahead of each turn
   */
  public InterleavedRounds(int warmUp, int rounds, int pauseMillis) {
    this.warmUp = warmUp;
    this.rounds = rounds;
    this.pauseNanos = 1_000_000L * pauseMillis;
  }

  /** The timings, in the order of the contenders, of one repeat of each. */
  public List<Timings> run(List<? extends Turn> contenders) {
    for (int i = 0; i < warmUp; i++) {
      contenders.forEach(Turn::run);
    }
    long[][] wall = new long[contenders.size()][rounds];
    long[][] cpu = new long[contenders.size()][rounds];
    for (int round = 0; round < rounds; round++) {
      for (int turn = 0; turn < contenders.size(); turn++) {
        int index = (round + turn) % contenders.size();
        Turn contender = contenders.get(index);
        LockSupport.parkNanos(pauseNanos);
        long cpuStart = process.getProcessCpuTime();
        long start = System.nanoTime();
        contender.run();
        long nanos = System.nanoTime() - start;
        long own = contender.ownNanos();
        wall[index][round] = (own < 0 ? nanos : own) / contender.repeats();
        long cpuNanos = process.getProcessCpuTime() - cpuStart;
        long ownCpu = contender.ownCpuNanos();
        cpu[index][round] = (ownCpu < 0 ? cpuNanos : ownCpu) / contender.repeats();
      }
    }
    List<Timings> timings = new ArrayList<>();
    for (int i = 0; i < contenders.size(); i++) {
      timings.add(Timings.ofNanos(wall[i], cpu[i]));
    }
    return timings;
  }
}
