package dev.detr4j;

import dev.detr4j.backend.Queue;
import dev.detr4j.backend.StopSignal;
import dev.detr4j.error.ImageException;
import dev.detr4j.event.Inferences;
import dev.detr4j.image.ImageView;
import dev.detr4j.image.PixelSize;
import dev.detr4j.image.PixelValues;
import dev.detr4j.plan.ExecutionPlan;
import dev.detr4j.postprocess.DetectionSink;
import dev.detr4j.profile.CallProfile;
import dev.detr4j.profile.StageValues;
import dev.detr4j.session.DetectionSelection;
import dev.detr4j.session.OutputCheck;
import dev.detr4j.session.PlannedBatch;
import dev.detr4j.session.ProfileRun;
import dev.detr4j.session.SessionGate;
import dev.detr4j.session.SessionMemory;
import dev.detr4j.session.SessionParts;
import dev.detr4j.session.SessionPlans;
import dev.detr4j.session.SharedParts;
import dev.detr4j.session.StageRun;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Runs a detector for one caller at a time.
 *
 * <p>A session plans each input size once and keeps the last few sizes. All of them use its memory
 * in turn, which is as large as the largest size so far needs. After the first call of a size, a
 * call allocates nothing of its own; where a larger size came in between, the next call binds the
 * plan to the larger memory first. Use one session per thread: a second caller that enters a
 * session gets an {@link IllegalStateException}. Closing waits for a running call.
 */
public final class DetectorSession implements AutoCloseable {
  private final Detector detector;
  private final Inferences inferences;
  private final SessionGate gate = new SessionGate();
  private final SessionParts parts;
  private final SessionPlans plans;
  private final DetectionSelection selection;
  private final OutputCheck outputCheck;
  private final ImageView[] single = new ImageView[1];
  private final Detections[] singleFound = new Detections[1];
  private final DetectionSink[] singleSink = new DetectionSink[1];

  DetectorSession(Detector detector) {
    this.detector = detector;
    SharedParts shared = detector.shared();
    Queue queue = shared.backend().newQueue();
    try {
      this.inferences =
          new Inferences(
              detector.name(), detector.model().architecture(), detector.backend().kind().id());
      this.parts = new SessionParts(shared, queue, new SessionMemory(shared.backend(), queue));
      this.plans = new SessionPlans(parts);
      this.selection = new DetectionSelection(detector.newPostprocessing(queue), shared, queue);
    } catch (Throwable e) {
      queue.close();
      throw e;
    }
    this.outputCheck = detector.newOutputCheck();
  }

  /** Makes detections for the calls of this session to fill. */
  public Detections newDetections() {
    return new Detections(selection.capacity(), detector.labels());
  }

  /**
   * Detects with the detector's threshold.
   *
   * @param found is emptied, then filled
   * @throws ImageException when the model accepts no image of this size
   */
  public void detect(ImageView image, Detections found) {
    detect(image, found, detector.threshold());
  }

  /**
   * Detects, and reports detections with a score greater than {@code threshold}.
   *
   * @param threshold 0..1
   * @throws IllegalArgumentException when the detections belong to another detector, or the
   *     threshold is outside 0..1
   */
  public void detect(ImageView image, Detections found, float threshold) {
    detect(image, found, threshold, null);
  }

  /**
   * As above, and asks between the steps of the network whether the call goes on.
   *
   * @param signal what it throws, this method throws
   */
  void detect(ImageView image, Detections found, float threshold, @Nullable StopSignal signal) {
    check(found, threshold);
    gate.enter();
    try {
      parts.queue().askBetweenSteps(signal);
      single[0] = image;
      singleFound[0] = found;
      run(single, singleFound, singleSink, threshold);
    } finally {
      single[0] = null;
      singleFound[0] = null;
      parts.queue().askBetweenSteps(null);
      gate.leave();
    }
  }

  /**
   * Detects on several images at once, as one batch padded to the largest.
   *
   * <p>As in the original implementations, padding can change the results of the smaller images
   * slightly.
   *
   * @param found one for each image
   */
  public void detect(List<ImageView> images, List<Detections> found, float threshold) {
    if (images.isEmpty() || images.size() != found.size()) {
      throw new IllegalArgumentException(
          images.size()
              + " images and "
              + found.size()
              + " detections: expected the same number of both, at least one");
    }
    for (Detections each : found) {
      check(each, threshold);
    }
    gate.enter();
    try {
      run(
          images.toArray(new ImageView[0]),
          found.toArray(new Detections[0]),
          new DetectionSink[images.size()],
          threshold);
    } finally {
      gate.leave();
    }
  }

  /**
   * Detects in an input that needs no pre-processing.
   *
   * @param found is emptied, then filled
   */
  public void detect(PixelValues input, Detections found, float threshold) {
    check(found, threshold);
    gate.enter();
    try {
      inferences.started();
      int width = input.imageWidth();
      int height = input.imageHeight();
      PlannedBatch batch = plans.of(input.width(), input.height());
      batch.load(input);
      ExecutionPlan plan = batch.bind();
      plan.submit();
      int count = selection.select(plan, width, height, found.emptied(), threshold);
      if (!selection.isFinite(plan)) {
        batch.load(input);
        outputCheck.warn(parts.queue(), plan);
      }
      inferences.finished(1, width, height, input.width(), input.height(), count);
    } finally {
      gate.leave();
    }
  }

  /**
   * Returns what the network computes for one image before post-processing: {@code logits}, {@code
   * pred_boxes} (cx, cy, w, h in 0..1 of the image), and intermediate stages such as {@code
   * backbone.0}, {@code memory} or {@code decoder_hidden}.
   *
   * <p>This method is for checks and tools: each call makes a plan of its own and allocates.
   *
   * @param names names of stages
   * @return the stages in the order of the names
   * @throws IllegalArgumentException when the network lacks a stage; the message lists its stages
   */
  public List<StageValues> stages(ImageView image, List<String> names) {
    gate.enter();
    try {
      return StageRun.of(parts, image, names);
    } finally {
      gate.leave();
    }
  }

  /**
   * Times the steps of calls with this image.
   *
   * <p>This method is for tools: it allocates. For steady times, call {@link #warmUp(int, int)}
   * with the size of the image first.
   *
   * @param rounds calls to time, at least 1
   */
  public CallProfile profile(ImageView image, int rounds) {
    if (rounds < 1) {
      throw new IllegalArgumentException("rounds must be at least 1, got " + rounds);
    }
    gate.enter();
    try {
      return ProfileRun.of(plans, selection, image, detector.threshold(), rounds);
    } finally {
      gate.leave();
    }
  }

  /**
   * Runs a grey image of 640 x 480 pixels until calls stop getting faster, for at most about 10
   * seconds. Planning and compilation then do not slow the first real call.
   */
  public WarmUp warmUp() {
    return warmUp(640, 480);
  }

  /** Warms up with images of this size in pixels, for at most about 10 seconds. */
  public WarmUp warmUp(int width, int height) {
    return warmUp(width, height, Duration.ofSeconds(10));
  }

  /**
   * Warms up with images of this size in pixels.
   *
   * <p>A measurement window lasts at least a quarter of a second and at least one call. Calls are
   * steady when two windows in a row each improve the fastest call by at most {@value
   * WarmUp#STEADY} of its time. Two windows are needed because the compiler improves kernels in
   * steps. The fastest call counts because neighbours on the machine make calls slower, never
   * faster.
   *
   * @param atMost time limit; the call that runs when it ends is finished
   * @throws ImageException when no image can have this size, or the model accepts none of it
   */
  public WarmUp warmUp(int width, int height, Duration atMost) {
    return WarmUp.run(this, width, height, atMost);
  }

  /** Lets no further call begin; the detector is about to close all of its sessions. */
  void refuseCalls() {
    gate.refuse();
  }

  /**
   * Refuses further calls, waits for a running one, then frees the plans. Closing again only waits
   * until the first close has ended.
   */
  @Override
  public void close() {
    try {
      gate.close(this::free);
    } finally {
      detector.forget(this);
    }
  }

  private void free() {
    plans.close();
    selection.close();
    parts.memory().close();
    parts.queue().close();
  }

  /** Bytes of the device that this session holds. */
  long bytes() {
    return parts.memory().bytes();
  }

  /** Ahead of the network: a call that cannot end well does not begin. */
  private void check(Detections found, float threshold) {
    if (!found.fit(selection.capacity(), detector.labels())) {
      throw new IllegalArgumentException(
          "these detections belong to a session of another detector");
    }
    DetectorBuilder.checkedThreshold(threshold);
  }

  private void run(ImageView[] images, Detections[] found, DetectionSink[] sinks, float threshold) {
    for (ImageView image : images) {
      detector.checkSize(image);
    }
    inferences.started();
    PlannedBatch batch = plans.of(images);
    for (int i = 0; i < images.length; i++) {
      batch.load(i, images[i]);
    }
    ExecutionPlan plan = batch.bind();
    plan.submit();
    for (int i = 0; i < found.length; i++) {
      sinks[i] = found[i].emptied();
    }
    int count = selection.select(plan, images, sinks, threshold);
    if (!selection.isFinite(plan)) {
      for (int i = 0; i < images.length; i++) {
        batch.load(i, images[i]);
      }
      outputCheck.warn(parts.queue(), plan);
    }
    PixelSize canvas = batch.canvas();
    inferences.finished(
        images.length,
        images[0].width(),
        images[0].height(),
        canvas.width(),
        canvas.height(),
        count);
  }
}
