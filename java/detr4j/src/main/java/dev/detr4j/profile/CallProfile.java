package dev.detr4j.profile;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.tensor.TensorView;
import java.util.ArrayList;
import java.util.List;

/**
 * The times of calls, step by step.
 *
 * @param steps steps in the order in which they run: {@code preprocess}, then those of the network
 * @param calls nanoseconds of each round as a whole. They exceed the sum of the steps by the time
 *     to copy the image to the device, to select detections and to get from step to step
 */
public record CallProfile(List<StepTiming> steps, List<Long> calls) {
  /** Copies the lists. */
  public CallProfile {
    steps = List.copyOf(steps);
    calls = List.copyOf(calls);
  }

  /**
   * Joins what was measured.
   *
   * @param steps the resize, then the steps of the network
   * @param resize of each round, the time of the resize
   * @param network of each round, the times of the network's steps
   */
  public static CallProfile of(
      List<BoundNode> steps, long[][] resize, long[][] network, List<Long> calls) {
    List<StepTiming> timings = new ArrayList<>();
    for (int i = 0; i < steps.size(); i++) {
      BoundNode step = steps.get(i);
      List<Long> times = new ArrayList<>();
      for (int round = 0; round < calls.size(); round++) {
        times.add(i == 0 ? resize[round][0] : network[round][i - 1]);
      }
      timings.add(
          new StepTiming(
              step.label(),
              step.op(),
              step.inputs().stream().map(TensorView::shape).toList(),
              step.outputs().stream().map(TensorView::shape).toList(),
              times));
    }
    return new CallProfile(timings, calls);
  }
}
