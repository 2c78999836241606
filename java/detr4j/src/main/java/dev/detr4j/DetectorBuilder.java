package dev.detr4j;

import dev.detr4j.backend.BackendKind;
import dev.detr4j.backend.BackendOptions;
import dev.detr4j.backend.BackendSelection;
import dev.detr4j.backend.BackendSettings;
import dev.detr4j.backend.Precision;
import dev.detr4j.checkpoint.ModelFile;
import dev.detr4j.error.BackendException;
import dev.detr4j.error.CheckpointException;
import dev.detr4j.error.DetectorBusyException;
import dev.detr4j.error.ModelConfigException;
import dev.detr4j.image.ImageDecoder;
import dev.detr4j.model.ModelFamilies;
import dev.detr4j.model.description.ModelSource;
import dev.detr4j.model.description.ModelSummary;
import dev.detr4j.model.family.RecognitionOptions;
import dev.detr4j.op.SoftNms;
import dev.detr4j.session.CallLimits;
import dev.detr4j.session.DetectorAssembly;
import java.nio.file.Path;
import java.time.Duration;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The settings of a detector.
 *
 * <p>Backend, threads, instruction set and precision come from the first of these places that gives
 * them: this builder; the system properties {@code detr4j.backend}, {@code detr4j.threads}, {@code
 * detr4j.isa} and {@code detr4j.precision}; the environment variables {@code DETR4J_BACKEND},
 * {@code DETR4J_THREADS}, {@code DETR4J_ISA} and {@code DETR4J_PRECISION}. The defaults are the
 * best backend, all processors, the best instruction set and fp32.
 */
public final class DetectorBuilder {
  private static final float DEFAULT_THRESHOLD = 0.5f;
  private static final int DEFAULT_CACHED_SIZES = 4;

  /** Unless more are requested; a session of a full-size model takes more than 100 MB. */
  private static final int MOST_SESSIONS = 8;

  private final ModelFile model;
  private final String defaultName;
  private @Nullable BackendKind backend;
  private @Nullable ModelSource source;
  private @Nullable String variant;
  private @Nullable Integer proposals;
  private @Nullable Integer heads;
  private @Nullable Path labels;
  private @Nullable Integer threads;
  private @Nullable String instructionSet;
  private boolean ownWorkers;
  private @Nullable Precision precision;
  private ModelFamilies families = ModelFamilies.ALL;
  private @Nullable SoftNms softNms;
  private float threshold = DEFAULT_THRESHOLD;
  private int cachedSizes = DEFAULT_CACHED_SIZES;
  private @Nullable Consumer<String> warnings;
  private @Nullable String name;
  private long maxPixels = ImageDecoder.DEFAULT_MAX_PIXELS;
  private int sessions = Math.min(Runtime.getRuntime().availableProcessors(), MOST_SESSIONS);
  private int waitingCallers = Integer.MAX_VALUE;
  private @Nullable Duration waitingTime;

  /** Looks for more families than detr4j's own; for tests of what a family has to be. */
  DetectorBuilder families(ModelFamilies known) {
    families = known;
    return this;
  }

  DetectorBuilder(ModelFile model, String defaultName) {
    this.model = model;
    this.defaultName = defaultName;
  }

  /**
   * Sets the project of a checkpoint without a config.json. Inferred from the tensor names by
   * default.
   */
  public DetectorBuilder source(ModelSource project) {
    source = project;
    return this;
  }

  /**
   * Sets the variant of the model, such as {@code single-scale-dc5}. Inferred by default. Dilation
   * of the last stage cannot be inferred from the weights: the records of the training run decide
   * if the file has them, else no dilation is assumed.
   *
   * @see ModelSummary#variant
   */
  public DetectorBuilder variant(String name) {
    variant = name;
    return this;
  }

  /**
   * Sets how many proposals of a two-stage model become queries, for a checkpoint without a
   * config.json. The weights do not contain this number. The default is that of the file's records
   * of the training run, else 300, as in the published models.
   */
  public DetectorBuilder proposals(int count) {
    if (count < 1) {
      throw new IllegalArgumentException("proposals must be at least 1, got " + count);
    }
    proposals = count;
    return this;
  }

  /**
   * Sets the number of attention heads, for a checkpoint without a config.json. The weights do not
   * contain this number. The default is that of the file's records of the training run, else 8, as
   * in the published models.
   */
  public DetectorBuilder heads(int count) {
    if (count < 1) {
      throw new IllegalArgumentException("heads must be at least 1, got " + count);
    }
    heads = count;
    return this;
  }

  /**
   * Replaces the class names of the model. The file has one name per line in the order of the
   * classes, or a JSON object from label ids to names, which may be the member {@code id2label}.
   */
  public DetectorBuilder labels(Path file) {
    labels = file;
    return this;
  }

  /** Requests a backend. A backend requested by name is used, or {@link #build} throws. */
  public DetectorBuilder backend(BackendKind kind) {
    backend = kind;
    return this;
  }

  /**
   * Sets the number of threads that run kernels, the caller included. A detector with 1 never hands
   * work to another thread.
   */
  public DetectorBuilder threads(int count) {
    if (count < 1) {
      throw new IllegalArgumentException("threads must be at least 1, got " + count);
    }
    threads = count;
    return this;
  }

  /**
   * Gives this detector threads that no other detector uses. By default, the detectors of a JVM
   * share threads: as many as the largest of them requested. When several calls run at once, one of
   * them gets the threads for a step, and the others run their steps alone.
   */
  public DetectorBuilder ownWorkers() {
    ownWorkers = true;
    return this;
  }

  /** Limits the C library to an instruction set, such as {@code x86-64-v3}. */
  public DetectorBuilder instructionSet(String name) {
    instructionSet = name;
    return this;
  }

  /**
   * Sets the precision in which convolutions and linear layers multiply. With {@link
   * Precision#BF16}, an automatic choice considers only backends that have it; {@link #build}
   * throws if there is none.
   */
  public DetectorBuilder precision(Precision products) {
    precision = products;
    return this;
  }

  /**
   * Lowers the scores of overlapping detections of a class. Off by default. Detections then come in
   * the order of suppression, and the threshold applies to the lowered scores. {@link
   * SoftNms#BIRDER} is the rule that birder applies on request.
   *
   * @param rule sigma greater than 0, thresholds in 0..1
   */
  public DetectorBuilder softNms(SoftNms rule) {
    if (!(rule.sigma() > 0)
        || !(rule.iouThreshold() >= 0 && rule.iouThreshold() <= 1)
        || !(rule.scoreThreshold() >= 0 && rule.scoreThreshold() <= 1)) {
      throw new IllegalArgumentException(
          "soft suppression needs sigma > 0 and thresholds in 0..1, got " + rule);
    }
    softNms = rule;
    return this;
  }

  /** Reports detections with a greater score. The default is 0.5. */
  public DetectorBuilder threshold(float score) {
    threshold = checkedThreshold(score);
    return this;
  }

  /**
   * Sets how many input sizes a session keeps bound, at least 1. A session's memory is that of one
   * call of its largest size, however many sizes it keeps. All sessions share the constants of a
   * size, and as many sizes stay planned when no session uses them. The default is 4.
   */
  public DetectorBuilder cachedSizes(int count) {
    if (count < 1) {
      throw new IllegalArgumentException("cached sizes must be at least 1, got " + count);
    }
    cachedSizes = count;
    return this;
  }

  /**
   * Sets the receiver of warnings. Each is a line of text without a full stop.
   *
   * <p>There is one: the network's output for a call holds NaN or infinity, because a weight is
   * broken, a product overflows or the input is not finite. Detections of that call are missing or
   * wrong. The text names the first step of the network where a session met such a value; the
   * search runs once a session, after the call's network, and takes many times as long as a call.
   *
   * <p>Unless a receiver is set, the first warning of each session goes to the {@link
   * System.Logger} named {@code dev.detr4j} at level {@code WARNING}.
   *
   * @param receiver takes the warning of every such call, on the calling thread, before the call
   *     returns; must not use the session
   */
  public DetectorBuilder warnings(Consumer<String> receiver) {
    warnings = receiver;
    return this;
  }

  /**
   * Names the model in events of the Flight Recorder and in metrics. The default is the name of its
   * folder or file, or its name on the hub if it lies in the cache of the Hugging Face tools.
   */
  public DetectorBuilder name(String text) {
    name = text;
    return this;
  }

  /**
   * Sets the largest image that the detector takes, in pixels. A session holds 3 bytes for each
   * pixel of the largest image that it has seen. The default is {@link
   * ImageDecoder#DEFAULT_MAX_PIXELS}.
   *
   * @param pixels width times height, 1 to 2^29
   */
  public DetectorBuilder maxPixels(long pixels) {
    if (pixels < 1 || pixels > 1L << 29) {
      throw new IllegalArgumentException(
          "maxPixels is " + pixels + ", expected 1 to " + (1L << 29));
    }
    maxPixels = pixels;
    return this;
  }

  /**
   * Sets how many calls of {@link Detector#detect} run at once, each in a session with memory of
   * its own. Sessions open when calls need them. The default is the number of processors, at most
   * 8.
   */
  public DetectorBuilder sessions(int count) {
    if (count < 1) {
      throw new IllegalArgumentException("sessions must be at least 1, got " + count);
    }
    sessions = count;
    return this;
  }

  /**
   * Sets how many callers of {@link Detector#detect} may wait for a session; more get a {@link
   * DetectorBusyException} at once. Without this setting, any number may wait.
   *
   * @param count 0 to refuse whoever would have to wait
   */
  public DetectorBuilder waitingCallers(int count) {
    if (count < 0) {
      throw new IllegalArgumentException("waiting callers must be at least 0, got " + count);
    }
    waitingCallers = count;
    return this;
  }

  /**
   * Sets how long a caller of {@link Detector#detect} waits for a session; then it gets a {@link
   * DetectorBusyException}. Without this setting, callers wait until their own time limit.
   */
  public DetectorBuilder waitingTime(Duration atMost) {
    waitingTime = atMost;
    return this;
  }

  /**
   * Opens the detector: reads the configuration, maps the weights and opens the backend.
   *
   * @throws ModelConfigException when the configuration is missing, malformed or of another model
   * @throws CheckpointException when a tensor is missing, unexpected or misshapen
   * @throws BackendException when the backend cannot be used; the message lists every reason
   */
  public Detector build() {
    BackendSettings settings = BackendSettings.ofProcess();
    BackendSettings.Request request = settings.backend(backend);
    String called = name == null ? defaultName : name;
    BackendOptions options =
        settings.options(threads, instructionSet, null, precision).withModel(called);
    if (ownWorkers) {
      options = options.withOwnWorkers();
    }
    DetectorAssembly parts =
        DetectorAssembly.open(
            families, model, new RecognitionOptions(source, variant, proposals, heads), labels);
    try {
      BackendSelection selection = BackendSelection.open(request, options);
      String refusal = softNms == null ? null : selection.backend().refusal(softNms);
      if (refusal != null) {
        selection.backend().close();
        throw new BackendException("backend cannot run soft suppression: " + refusal);
      }
      return new Detector(
          parts, selection.backend(), selection.report(), settings(called, options.precision()));
    } catch (Throwable e) {
      parts.checkpoint().close();
      throw e;
    }
  }

  private DetectorSettings settings(String called, Precision products) {
    return new DetectorSettings(
        called,
        products,
        softNms,
        threshold,
        cachedSizes,
        maxPixels,
        sessions,
        waitingCallers,
        waitingTime == null ? Long.MAX_VALUE : CallLimits.nanoseconds(waitingTime),
        warnings);
  }

  /** Returns the score, which must be a threshold. */
  static float checkedThreshold(float score) {
    if (!(score >= 0 && score <= 1)) {
      throw new IllegalArgumentException("threshold must be in 0..1, got " + score);
    }
    return score;
  }
}
