package dev.detr4j;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.error.ImageException;
import dev.detr4j.event.Inferences;
import dev.detr4j.image.ImageView;
import dev.detr4j.image.PixelSize;
import dev.detr4j.image.PixelValues;
import dev.detr4j.image.Preprocessing;
import dev.detr4j.model.graph.DetectionModel;
import dev.detr4j.postprocess.DetectionSink;
import dev.detr4j.postprocess.Postprocessing;
import dev.detr4j.profile.CallProfile;
import dev.detr4j.profile.StageValues;
import dev.detr4j.tensor.ElementType;
import dev.detr4j.tensor.Shape;
import dev.detr4j.tensor.TensorView;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;

/**
 * Runs a detector for one caller at a time.
 *
 * <p>A session plans each input size once and keeps the last few plans. After the first call of a
 * size, a call allocates nothing of its own. Use one session per thread: a second caller that
 * enters a session gets an {@link IllegalStateException}. Closing waits for a running call.
 */
public final class DetectorSession implements AutoCloseable {
  private enum State {
    IDLE,
    RUNNING,
    CLOSING,
    CLOSED
  }

  private final Detector detector;
  private final Inferences inferences;
  private final Postprocessing postprocessing;
  private final OutputCheck outputCheck;
  private final SizeCache<PlannedBatch> plans;
  private final Arena arena = Arena.ofShared();
  private final AtomicReference<State> state = new AtomicReference<>(State.IDLE);
  private final ImageView[] single = new ImageView[1];
  private final Detections[] singleFound = new Detections[1];
  private MemorySegment logits = MemorySegment.NULL;
  private MemorySegment boxes = MemorySegment.NULL;
  private final Filler filler = new Filler();

  /** Passes what post-processing selects to the detections of the current image. */
  private static final class Filler implements DetectionSink {
    private Detections target = new Detections(0, List.of());

    @Override
    public void accept(
        int query, int label, float score, float xMin, float yMin, float xMax, float yMax) {
      target.add(query, label, score, xMin, yMin, xMax, yMax);
    }
  }

  DetectorSession(Detector detector) {
    this.detector = detector;
    this.inferences =
        new Inferences(detector.model().architecture(), detector.backend().kind().id());
    this.postprocessing = detector.newPostprocessing();
    this.outputCheck = detector.newOutputCheck();
    this.plans = new SizeCache<>(detector.cachedSizes());
  }

  /** Makes detections for the calls of this session to fill. */
  public Detections newDetections() {
    return new Detections(postprocessing.capacity(), detector.labels());
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
    check(found, threshold);
    enter();
    try {
      single[0] = image;
      singleFound[0] = found;
      run(single, singleFound, threshold);
    } finally {
      single[0] = null;
      singleFound[0] = null;
      leave();
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
    enter();
    try {
      run(images.toArray(new ImageView[0]), found.toArray(new Detections[0]), threshold);
    } finally {
      leave();
    }
  }

  /**
   * Detects in an input that needs no pre-processing.
   *
   * @param found is emptied, then filled
   */
  public void detect(PixelValues input, Detections found, float threshold) {
    check(found, threshold);
    enter();
    try {
      inferences.started();
      int width = input.imageWidth();
      int height = input.imageHeight();
      PlannedBatch batch = planned(input.width(), input.height());
      batch.load(input);
      batch.plan().run();
      download(batch);
      int count = select(0, width, height, found, threshold);
      if (!isFinite(batch)) {
        batch.load(input);
        outputCheck.warn(batch.plan());
      }
      inferences.finished(1, width, height, input.width(), input.height(), count);
    } finally {
      leave();
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
    enter();
    try {
      Preprocessing preprocessing = detector.preprocessing();
      List<PixelSize> sizes = List.of(preprocessing.resize().target(image.width(), image.height()));
      try (PlannedBatch batch =
          new PlannedBatch(
              detector, preprocessing.canvas(sizes), sizes, new LinkedHashSet<>(names))) {
        batch.load(0, image);
        batch.plan().run();
        return names.stream().map(name -> download(name, batch.plan().output(name))).toList();
      }
    } finally {
      leave();
    }
  }

  private StageValues download(String name, TensorView view) {
    if (view.type() != ElementType.F32) {
      throw new IllegalArgumentException("stage " + name + " does not hold fp32 values");
    }
    int columns = view.columns();
    float[] values = new float[Math.toIntExact(view.rows() * columns)];
    try (Arena host = Arena.ofConfined()) {
      MemorySegment bytes = host.allocate(Math.max(4, view.spanBytes()), 64);
      detector.device().download(view.buffer(), view.offset(), bytes, 0, view.spanBytes());
      for (int row = 0; row < values.length / columns; row++) {
        MemorySegment.copy(
            bytes,
            ValueLayout.JAVA_FLOAT,
            Float.BYTES * view.rowStride() * row,
            values,
            row * columns,
            columns);
      }
    }
    int[] extents = view.shape().toArray();
    return new StageValues(name, Shape.of(Arrays.copyOfRange(extents, 1, extents.length)), values);
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
    enter();
    try {
      ImageView[] images = {image};
      Detections[] found = {newDetections()};
      PlannedBatch batch = planned(images);
      List<BoundNode> steps = new ArrayList<>(batch.plan().nodes());
      steps.addFirst(batch.load(0, image, null));
      long[][] resized = new long[rounds][1];
      long[][] network = new long[rounds][steps.size() - 1];
      List<Long> calls = new ArrayList<>();
      for (int round = 0; round < rounds; round++) {
        long start = System.nanoTime();
        batch.load(0, image, resized[round]);
        batch.plan().run(network[round]);
        select(batch, images, found, detector.threshold());
        calls.add(System.nanoTime() - start);
      }
      return CallProfile.of(steps, resized, network, calls);
    } finally {
      leave();
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

  /**
   * Waits for a running call, then frees the plans. Closing again only waits until the first close
   * has ended.
   */
  @Override
  public void close() {
    if (!closesWhenIdle()) {
      return;
    }
    try {
      plans.close();
      postprocessing.close();
      arena.close();
    } finally {
      state.set(State.CLOSED);
      detector.forget(this);
    }
  }

  /** Waits until no call runs, and shuts; false when another close was first and has ended. */
  private boolean closesWhenIdle() {
    boolean interrupted = false;
    try {
      while (!state.compareAndSet(State.IDLE, State.CLOSING)) {
        if (state.get() == State.CLOSED) {
          return false;
        }
        // An interrupted thread would not park, and so would spin.
        interrupted |= Thread.interrupted();
        // A call takes milliseconds, and closing is rare: looking again every 0.1 ms is enough.
        LockSupport.parkNanos(100_000);
      }
      return true;
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private void enter() {
    if (!state.compareAndSet(State.IDLE, State.RUNNING)) {
      throw new IllegalStateException(
          state.get() == State.RUNNING
              ? "the session is in use by another thread: a session serves one caller at a time"
              : "the session is closed");
    }
  }

  /** Ahead of the network: a call that cannot end well does not begin. */
  private void check(Detections found, float threshold) {
    if (!found.fit(postprocessing.capacity(), detector.labels())) {
      throw new IllegalArgumentException(
          "these detections belong to a session of another detector");
    }
    DetectorBuilder.checkedThreshold(threshold);
  }

  private void leave() {
    state.set(State.IDLE);
  }

  private void run(ImageView[] images, Detections[] found, float threshold) {
    inferences.started();
    PlannedBatch batch = planned(images);
    for (int i = 0; i < images.length; i++) {
      batch.load(i, images[i]);
    }
    batch.plan().run();
    int count = select(batch, images, found, threshold);
    if (!isFinite(batch)) {
      for (int i = 0; i < images.length; i++) {
        batch.load(i, images[i]);
      }
      outputCheck.warn(batch.plan());
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

  /** Whether the output that was downloaded holds nothing but numbers. */
  private boolean isFinite(PlannedBatch batch) {
    return outputCheck.isFinite(
        logits,
        batch.plan().output(DetectionModel.LOGITS).spanBytes(),
        boxes,
        batch.plan().output(DetectionModel.PRED_BOXES).spanBytes());
  }

  /** Turns what the network left into detections; returns how many. */
  private int select(PlannedBatch batch, ImageView[] images, Detections[] found, float threshold) {
    download(batch);
    int count = 0;
    for (int i = 0; i < images.length; i++) {
      count += select(i, images[i].width(), images[i].height(), found[i], threshold);
    }
    return count;
  }

  private int select(int image, int width, int height, Detections found, float threshold) {
    found.clear();
    filler.target = found;
    postprocessing.select(logits, boxes, image, width, height, threshold, filler);
    return found.size();
  }

  private PlannedBatch planned(int width, int height) {
    for (PlannedBatch batch = plans.first(); batch != null; batch = plans.next()) {
      if (batch.fits(width, height)) {
        plans.useLast();
        return batch;
      }
    }
    PixelSize size = new PixelSize(width, height);
    return newPlan(size, List.of(size));
  }

  private PlannedBatch planned(ImageView[] images) {
    for (PlannedBatch batch = plans.first(); batch != null; batch = plans.next()) {
      if (batch.fits(images)) {
        plans.useLast();
        return batch;
      }
    }
    Preprocessing preprocessing = detector.preprocessing();
    List<PixelSize> sizes = new ArrayList<>();
    for (ImageView image : images) {
      sizes.add(preprocessing.resize().target(image.width(), image.height()));
    }
    PixelSize canvas = preprocessing.canvas(sizes);
    for (PlannedBatch batch = plans.first(); batch != null; batch = plans.next()) {
      if (batch.fits(canvas, sizes)) {
        plans.useLast();
        return batch;
      }
    }
    return newPlan(canvas, sizes);
  }

  private PlannedBatch newPlan(PixelSize canvas, List<PixelSize> sizes) {
    plans.makeRoom();
    PlannedBatch batch = new PlannedBatch(detector, canvas, sizes);
    plans.add(batch);
    return batch;
  }

  private void download(PlannedBatch batch) {
    TensorView logitsView = batch.plan().output(DetectionModel.LOGITS);
    TensorView boxesView = batch.plan().output(DetectionModel.PRED_BOXES);
    if (logits.byteSize() < logitsView.spanBytes()) {
      logits = arena.allocate(logitsView.spanBytes(), 64);
    }
    if (boxes.byteSize() < boxesView.spanBytes()) {
      boxes = arena.allocate(boxesView.spanBytes(), 64);
    }
    detector
        .device()
        .download(logitsView.buffer(), logitsView.offset(), logits, 0, logitsView.spanBytes());
    detector
        .device()
        .download(boxesView.buffer(), boxesView.offset(), boxes, 0, boxesView.spanBytes());
  }
}
