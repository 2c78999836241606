package dev.detr4j;

import dev.detr4j.backend.Backend;
import dev.detr4j.backend.BackendReport;
import dev.detr4j.backend.Precision;
import dev.detr4j.backend.Queue;
import dev.detr4j.checkpoint.Checkpoint;
import dev.detr4j.checkpoint.ModelFile;
import dev.detr4j.error.ImageException;
import dev.detr4j.image.ImageDecoder;
import dev.detr4j.image.ImageView;
import dev.detr4j.image.Orientation;
import dev.detr4j.model.description.ModelSummary;
import dev.detr4j.op.SoftNms;
import dev.detr4j.postprocess.Postprocessing;
import dev.detr4j.session.DetectorAssembly;
import dev.detr4j.session.ModelName;
import dev.detr4j.session.OutputCheck;
import dev.detr4j.session.SelectionNodes;
import dev.detr4j.session.SharedParts;
import dev.detr4j.session.SharedPlans;
import dev.detr4j.session.SoftSuppression;
import java.awt.image.BufferedImage;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/**
 * A model that is ready to detect on one backend.
 *
 * <p>A detector is thread-safe. Make one per model and share it among all threads, platform and
 * virtual. It packs the weights once.
 *
 * <pre>{@code
 * try (Detector detector = Detector.builder(Path.of("deformable-detr")).build()) {
 *   for (Detection found : detector.detect(Path.of("photo.jpg"))) {
 *     System.out.println(found);
 *   }
 * }
 * }</pre>
 *
 * <p>The {@code detect} methods run a limited number of calls at once, each in a session of its
 * own; further callers wait. {@link #call} sets threshold, classes, time limit and cancellation of
 * calls. A loop that must not allocate uses a {@link DetectorSession} of its own: {@link
 * #newSession}.
 */
public final class Detector implements AutoCloseable {
  private final SharedParts shared;
  private final Orientation orientation;
  private final Supplier<Postprocessing> postprocessing;
  private final List<String> labels;
  private final Checkpoint checkpoint;
  private final BackendReport report;
  private final DetectorSettings settings;
  private final ModelSummary summary;
  private final ImageDecoder decoder;
  private final DetectorCalls calls;
  private final DetectorCall plainCall;
  private final List<DetectorSession> sessions = new ArrayList<>();
  private boolean closed;

  Detector(
      DetectorAssembly parts, Backend backend, BackendReport report, DetectorSettings settings) {
    this.orientation = parts.orientation();
    this.postprocessing = parts.postprocessing();
    this.labels = parts.labels();
    this.checkpoint = parts.checkpoint();
    this.summary = parts.summary();
    this.report = report;
    this.settings = settings;
    this.decoder = new ImageDecoder(orientation, settings.maxPixels());
    this.calls =
        new DetectorCalls(
            this, settings.sessions(), settings.waitingCallers(), settings.waitingNanoseconds());
    this.plainCall = new DetectorCall(this);
    // A bound plan has its weights packed: the checkpoint need not stay in memory. Weights of plans
    // to come are read from the file again.
    this.shared =
        new SharedParts(
            parts.model(),
            parts.preprocessing(),
            backend,
            new SharedPlans(settings.cachedSizes()),
            settings.cachedSizes(),
            settings.name(),
            SelectionNodes.of(backend, postprocessing.get(), settings.softNms()),
            checkpoint::unload);
  }

  /**
   * Starts the description of a detector; {@link DetectorBuilder#build} opens it.
   *
   * @param model a Hugging Face model folder (config.json, preprocessor_config.json, weights), a
   *     weight file in such a folder, or the checkpoint of another project ({@code .pth}, {@code
   *     .pt}, {@code .safetensors}), which detr4j recognises by its tensors
   */
  public static DetectorBuilder builder(Path model) {
    return new DetectorBuilder(ModelFile.of(model), ModelName.of(model));
  }

  /** As above, of files that lie anywhere: archives, resources, memory or streams. */
  public static DetectorBuilder builder(ModelFiles model) {
    return new DetectorBuilder(model.file(), model.name());
  }

  /** Settings of calls, at first those of this detector: its threshold, all classes, no limits. */
  public DetectorCall call() {
    return plainCall;
  }

  /** Detects in an image file, as {@link DetectorCall} says. */
  public List<Detection> detect(Path file) {
    return plainCall.detect(file);
  }

  /** Detects in the bytes of an image file, as {@link DetectorCall} says. */
  public List<Detection> detect(byte[] encoded) {
    return plainCall.detect(encoded);
  }

  /** Detects in a stream, an image file, as {@link DetectorCall} says; leaves it open. */
  public List<Detection> detect(InputStream encoded) {
    return plainCall.detect(encoded);
  }

  /** Detects in a picture of AWT, as {@link DetectorCall} says. */
  public List<Detection> detect(BufferedImage image) {
    return plainCall.detect(image);
  }

  /** Detects in pixels in memory, as {@link DetectorCall} says. */
  public List<Detection> detect(ImageView image) {
    return plainCall.detect(image);
  }

  /** Detects in an image that is made when the call has its session: see {@link DetectorCall}. */
  public List<Detection> detect(ImageLoader image) {
    return plainCall.detect(image);
  }

  /**
   * Opens all sessions of {@link #detect} and warms them up with images of this size in pixels, as
   * {@link DetectorSession#warmUp(int, int)} says. Waits for calls that run; others wait meanwhile.
   */
  public WarmUp warmUp(int width, int height) {
    return calls.warmUp(width, height);
  }

  /** Tells a listener of each call of {@link #detect} that ends from now on. */
  public void addCallListener(CallListener listener) {
    calls.add(listener);
  }

  /** Tells a listener no longer; nothing happens if it was not told. */
  public void removeCallListener(CallListener listener) {
    calls.remove(listener);
  }

  /** What the detector is doing for the callers of {@link #detect}. */
  public DetectorLoad load() {
    return calls.load();
  }

  /** The memory that the detector and its sessions hold. */
  public DetectorMemory memory() {
    synchronized (sessions) {
      long bytes = 0;
      for (DetectorSession each : sessions) {
        bytes += each.bytes();
      }
      return new DetectorMemory(
          closed ? 0 : shared.backend().weightBytes(), sessions.size(), bytes);
    }
  }

  /**
   * The name of the model: {@link DetectorBuilder#name}, else that of its folder or file. Events of
   * the Flight Recorder and metrics carry it.
   */
  public String name() {
    return settings.name();
  }

  /**
   * Opens a session for one caller at a time, beside those of {@link #detect}. Close it when done.
   *
   * @throws IllegalStateException when the detector is closed
   */
  public DetectorSession newSession() {
    synchronized (sessions) {
      if (closed) {
        throw new IllegalStateException("the detector is closed");
      }
      DetectorSession session = new DetectorSession(this);
      sessions.add(session);
      return session;
    }
  }

  /** The backend in use, its device and instruction set, and why the others were not chosen. */
  public BackendReport backend() {
    return report;
  }

  /** The precision in which convolutions and linear layers multiply. */
  public Precision precision() {
    return settings.precision();
  }

  /** A description of the model, and of what was assumed about it. */
  public ModelSummary model() {
    return summary;
  }

  /** The class names by label id. */
  public List<String> labels() {
    return labels;
  }

  /**
   * How the model's project treats the EXIF orientation of an image file. Pass it to {@link
   * dev.detr4j.image.ImageDecoder}.
   */
  public Orientation orientation() {
    return orientation;
  }

  /** Calls report detections with a greater score, unless they name another threshold. */
  public float threshold() {
    return settings.threshold();
  }

  /**
   * Refuses further calls, waits for the calls that run in all sessions, then closes the sessions
   * and frees everything. Closing again has no effect.
   */
  @Override
  public void close() {
    List<DetectorSession> open;
    synchronized (sessions) {
      if (closed) {
        return;
      }
      closed = true;
      open = List.copyOf(sessions);
    }
    calls.close();
    try {
      open.forEach(DetectorSession::refuseCalls);
      open.forEach(DetectorSession::close);
    } finally {
      shared.plans().close();
      shared.backend().close();
      checkpoint.close();
    }
  }

  void forget(DetectorSession session) {
    synchronized (sessions) {
      sessions.remove(session);
    }
  }

  /** What the sessions share. */
  SharedParts shared() {
    return shared;
  }

  Postprocessing newPostprocessing(Queue queue) {
    Postprocessing selection = postprocessing.get();
    SoftNms softNms = settings.softNms();
    return softNms == null || shared.selection() != null
        ? selection
        : new SoftSuppression(selection, softNms, shared.backend(), queue);
  }

  OutputCheck newOutputCheck() {
    return new OutputCheck(settings.warnings());
  }

  /** The sessions of {@link #detect} and who waits for them. */
  DetectorCalls calls() {
    return calls;
  }

  /** Decodes as the model's project does, up to the largest size that this detector takes. */
  ImageDecoder decoder() {
    return decoder;
  }

  /** Refuses an image that is larger than {@link DetectorBuilder#maxPixels} allows. */
  void checkSize(ImageView image) {
    if ((long) image.width() * image.height() > settings.maxPixels()) {
      throw new ImageException(
          "image of %dx%d pixels is larger than the limit of %d pixels"
              .formatted(image.width(), image.height(), settings.maxPixels()));
    }
  }
}
