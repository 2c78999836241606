package dev.detr4j.bench.kernel;

import dev.detr4j.bench.peer.Timings;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What one case took.
 *
 * @param work the case in words
 * @param judged whether the target speaks of this case
 * @param flops operations of one run, a multiply-add as two
 * @param peers the times of the peers, by name; none where the peer is a peak
 * @param ours the times of our backends, by their ids
 * @param peaks operations a second that the machine can do with the vectors of each backend; empty
 *     where the peer is no peak or it could not be measured
 */
record KernelResult(
    Target target,
    String work,
    int threads,
    boolean judged,
    long flops,
    Map<String, Timings.Series> peers,
    Map<String, Timings.Series> ours,
    Map<String, Double> peaks) {
  /**
   * Peers that are shown for information: they do less than the contract asks, or another thing.
   */
  static final List<String> LESS_WORK = List.of(TorchPeer.CORE, ScalarSoftNms.SKIPPING);

  /**
   * Peer time / our time by medians, of the fastest peer that counts; of a peak, the part of it
   * that was reached. NaN where there is nothing to compare with.
   */
  double ratio(String backend) {
    double seconds = series(backend).median();
    if (target == Target.LINEAR_LAYERS) {
      return flops / seconds / peaks.getOrDefault(backend, Double.NaN);
    }
    Timings.@Nullable Series peer = peer();
    return peer == null ? Double.NaN : peer.median() / seconds;
  }

  /** The fastest peer that counts, or null when there is none. */
  Timings.@Nullable Series peer() {
    return peers.entrySet().stream()
        .filter(peer -> !LESS_WORK.contains(peer.getKey()))
        .map(Map.Entry::getValue)
        .min(Comparator.comparingDouble(Timings.Series::median))
        .orElse(null);
  }

  /** How far the rounds lay apart, as a part of their median. */
  static double spread(Timings.Series series) {
    return (series.max() - series.min()) / series.median();
  }

  Timings.Series series(String backend) {
    Timings.Series series = ours.get(backend);
    if (series == null) {
      throw new IllegalArgumentException(work + " was not run on " + backend);
    }
    return series;
  }

  /** The same times against peaks. */
  KernelResult against(Map<String, Double> measured) {
    return new KernelResult(target, work, threads, judged, flops, peers, ours, measured);
  }
}
