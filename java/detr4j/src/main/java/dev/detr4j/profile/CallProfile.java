package dev.detr4j.profile;

import java.util.List;

/**
 * The times of calls, step by step.
 *
 * @param steps steps in the order in which they run: {@code preprocess}, then those of the network
 * @param calls nanoseconds of each round as a whole. They exceed the sum of the steps by the time
 *     to copy the image to the device, to select detections and to get from step to step
 * @param launches kernels that the network of a call starts on a device, where steps share some; 0
 *     on processors
 */
public record CallProfile(List<StepTiming> steps, List<Long> calls, long launches) {
  /** Copies the lists. */
  public CallProfile {
    steps = List.copyOf(steps);
    calls = List.copyOf(calls);
  }
}
