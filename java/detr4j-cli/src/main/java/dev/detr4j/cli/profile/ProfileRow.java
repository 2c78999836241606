package dev.detr4j.cli.profile;

import dev.detr4j.backend.PeakRates;
import dev.detr4j.op.OperationCost;
import dev.detr4j.profile.StepTiming;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One step, or several together.
 *
 * @param name of the step, stage or operation
 * @param steps how many are in it
 * @param nanoseconds of each round, sorted
 * @param cost of all its steps
 * @param leastSeconds what its steps need one by one at the measured peaks; 0 without peaks
 * @param boundByMemory whether reading and writing needs more of that than arithmetic
 */
record ProfileRow(
    String name,
    int steps,
    List<Long> nanoseconds,
    OperationCost cost,
    double leastSeconds,
    boolean boundByMemory) {

  static ProfileRow of(String name, List<StepTiming> steps, @Nullable PeakRates peaks) {
    long[] rounds = new long[steps.getFirst().nanoseconds().size()];
    OperationCost sum = new OperationCost(0, 0);
    double least = 0;
    double memory = 0;
    double arithmetic = 0;
    for (StepTiming step : steps) {
      for (int round = 0; round < rounds.length; round++) {
        rounds[round] += step.nanoseconds().get(round);
      }
      OperationCost cost = step.cost();
      sum = sum.plus(cost);
      if (peaks != null) {
        least += peaks.leastSeconds(cost);
        memory += cost.bytes() / peaks.bytes();
        arithmetic += cost.flops() / peaks.flops();
      }
    }
    Arrays.sort(rounds);
    return new ProfileRow(
        name,
        steps.size(),
        Arrays.stream(rounds).boxed().toList(),
        sum,
        least,
        memory > arithmetic);
  }

  /** The median of the rounds; what is too short for the clock took one of its nanoseconds. */
  double seconds() {
    return Math.max(1, median(nanoseconds)) / 1e9;
  }

  double flopsPerSecond() {
    return cost.flops() / seconds();
  }

  double bytesPerSecond() {
    return cost.bytes() / seconds();
  }

  /** The part of the measured peak that its steps reach, 1 at the peak. */
  double ofPeak() {
    return leastSeconds / seconds();
  }

  /** The middle of sorted numbers, or the mean of the two in the middle. */
  static double median(List<Long> sorted) {
    int middle = sorted.size() / 2;
    return sorted.size() % 2 == 1
        ? sorted.get(middle)
        : (sorted.get(middle - 1) + sorted.get(middle)) / 2.0;
  }
}
