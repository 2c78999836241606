package dev.detr4j.session;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.image.ImageView;
import dev.detr4j.plan.ExecutionPlan;
import dev.detr4j.postprocess.DetectionSink;
import dev.detr4j.profile.CallProfile;
import dev.detr4j.profile.StepTiming;
import java.util.ArrayList;
import java.util.List;

/** Times the steps of some calls of a session. */
public final class ProfileRun {
  private ProfileRun() {}

  /** Runs so many calls with an image. Their detections are selected and dropped. */
  public static CallProfile of(
      SessionPlans plans,
      DetectionSelection selection,
      ImageView image,
      float threshold,
      int rounds) {
    ImageView[] images = {image};
    DetectionSink[] dropped = {(query, label, score, xMin, yMin, xMax, yMax) -> {}};
    PlannedBatch batch = plans.of(images);
    ExecutionPlan plan = batch.bind();
    List<BoundNode> steps = new ArrayList<>(plan.nodes());
    steps.addFirst(batch.load(0, image, null));
    long[][] resized = new long[rounds][1];
    long[][] network = new long[rounds][steps.size() - 1];
    List<Long> calls = new ArrayList<>();
    for (int round = 0; round < rounds; round++) {
      long start = System.nanoTime();
      batch.load(0, image, resized[round]);
      plan.measure(network[round]);
      selection.select(plan, images, dropped, threshold);
      calls.add(System.nanoTime() - start);
    }
    List<StepTiming> timings = new ArrayList<>();
    for (int i = 0; i < steps.size(); i++) {
      List<Long> times = new ArrayList<>();
      for (int round = 0; round < rounds; round++) {
        times.add(i == 0 ? resized[round][0] : network[round][i - 1]);
      }
      BoundNode step = steps.get(i);
      timings.add(StepTiming.of(step, batch.products(step), times));
    }
    return new CallProfile(timings, calls, plan.launches());
  }
}
