package dev.detr4j;

import dev.detr4j.backend.Backend;
import dev.detr4j.backend.BackendReport;
import dev.detr4j.backend.Precision;
import dev.detr4j.backend.Queue;
import dev.detr4j.checkpoint.Checkpoint;
import dev.detr4j.image.Orientation;
import dev.detr4j.model.description.ModelSummary;
import dev.detr4j.op.SoftNms;
import dev.detr4j.postprocess.Postprocessing;
import dev.detr4j.session.DetectorAssembly;
import dev.detr4j.session.OutputCheck;
import dev.detr4j.session.SharedParts;
import dev.detr4j.session.SharedPlans;
import dev.detr4j.session.SoftSuppression;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A model that is ready to detect on one backend.
 *
 * <p>A detector is immutable and thread-safe. Make one per model and share it. It packs the weights
 * once for all of its sessions; each session serves one caller at a time.
 *
 * <pre>{@code
 * try (Detector detector = Detector.builder(Path.of("deformable-detr")).threads(4).build();
 *     DetectorSession session = detector.newSession()) {
 *   Detections found = session.newDetections();
 *   session.detect(ImageView.rgb(pixels, width, height), found);
 * }
 * }</pre>
 */
public final class Detector implements AutoCloseable {
  private final SharedParts shared;
  private final Orientation orientation;
  private final Supplier<Postprocessing> postprocessing;
  private final List<String> labels;
  private final Checkpoint checkpoint;
  private final BackendReport report;
  private final Precision precision;
  private final @Nullable SoftNms softNms;
  private final float threshold;
  private final @Nullable Consumer<String> warnings;
  private final ModelSummary summary;
  private final List<DetectorSession> sessions = new ArrayList<>();
  private boolean closed;

  Detector(
      DetectorAssembly parts,
      Backend backend,
      BackendReport report,
      Precision precision,
      @Nullable SoftNms softNms,
      float threshold,
      int cachedSizes,
      @Nullable Consumer<String> warnings) {
    this.orientation = parts.orientation();
    this.postprocessing = parts.postprocessing();
    this.labels = parts.labels();
    this.checkpoint = parts.checkpoint();
    this.summary = parts.summary();
    this.report = report;
    this.precision = precision;
    this.softNms = softNms;
    this.threshold = threshold;
    this.warnings = warnings;
    // A bound plan has its weights packed: the checkpoint need not stay in memory. Weights of plans
    // to come are read from the file again.
    this.shared =
        new SharedParts(
            parts.model(),
            parts.preprocessing(),
            backend,
            new SharedPlans(cachedSizes),
            cachedSizes,
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
    return new DetectorBuilder(model);
  }

  /**
   * Opens a session for one caller at a time. Close it when done.
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
    return precision;
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
    return threshold;
  }

  /**
   * Waits for running calls of all sessions, then closes the sessions and frees everything. Closing
   * again has no effect.
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
    try {
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
    return softNms == null
        ? selection
        : new SoftSuppression(selection, softNms, shared.backend(), queue);
  }

  OutputCheck newOutputCheck() {
    return new OutputCheck(warnings);
  }
}
