package dev.detr4j;

import dev.detr4j.backend.BackendKind;
import dev.detr4j.backend.BackendOptions;
import dev.detr4j.backend.BackendSelection;
import dev.detr4j.backend.BackendSettings;
import dev.detr4j.backend.Precision;
import dev.detr4j.error.BackendException;
import dev.detr4j.error.CheckpointException;
import dev.detr4j.error.ModelConfigException;
import dev.detr4j.model.ModelFamilies;
import dev.detr4j.model.description.ModelSource;
import dev.detr4j.model.description.ModelSummary;
import dev.detr4j.model.family.RecognitionOptions;
import dev.detr4j.op.SoftNms;
import dev.detr4j.session.DetectorAssembly;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * The settings of a detector. For backend, threads, instruction set and precision an explicit
 * setting wins over the system property {@code detr4j.backend}, {@code detr4j.threads}, {@code
 * detr4j.isa}, {@code detr4j.precision}, that over the environment variable {@code DETR4J_BACKEND}
 * and so on, that over the default: the best backend, all processors, the best instruction set,
 * fp32.
 */
public final class DetectorBuilder {
  private static final float DEFAULT_THRESHOLD = 0.5f;
  private static final int DEFAULT_CACHED_SIZES = 4;

  private final Path model;
  private @Nullable BackendKind backend;
  private @Nullable ModelSource source;
  private @Nullable String variant;
  private @Nullable Integer proposals;
  private @Nullable Path labels;
  private @Nullable Integer threads;
  private @Nullable String instructionSet;
  private boolean ownWorkers;
  private @Nullable Precision precision;
  private ModelFamilies families = ModelFamilies.ALL;
  private @Nullable SoftNms softNms;
  private float threshold = DEFAULT_THRESHOLD;
  private int cachedSizes = DEFAULT_CACHED_SIZES;

  /** Looks for more families than detr4j's own; for tests of what a family has to be. */
  DetectorBuilder families(ModelFamilies known) {
    families = known;
    return this;
  }

  DetectorBuilder(Path model) {
    this.model = model;
  }

  /**
   * Which project the checkpoint is from; inferred from its tensor names unless set. For files
   * without a config.json.
   */
  public DetectorBuilder source(ModelSource project) {
    source = project;
    return this;
  }

  /**
   * The variant of the model, as in {@code single-scale-dc5}; inferred unless set, where a last
   * stage that dilates cannot be told from one that does not, and the latter is assumed.
   *
   * @see ModelSummary#variant
   */
  public DetectorBuilder variant(String name) {
    variant = name;
    return this;
  }

  /**
   * How many proposals of a two-stage model become queries, which no tensor tells; 300, as in the
   * published models, unless set. For files without a config.json.
   */
  public DetectorBuilder proposals(int count) {
    if (count < 1) {
      throw new IllegalArgumentException("proposals must be at least 1, got " + count);
    }
    proposals = count;
    return this;
  }

  /**
   * A file of class names, instead of those that the model brings: one on each line in the order of
   * the classes, or a JSON object from label ids to names, which may stand under {@code id2label}.
   */
  public DetectorBuilder labels(Path file) {
    labels = file;
    return this;
  }

  /** Which backend runs. One asked for by name works or {@link #build} throws. */
  public DetectorBuilder backend(BackendKind kind) {
    backend = kind;
    return this;
  }

  /** Threads that run kernels, the caller included; 1 never hands work to another thread. */
  public DetectorBuilder threads(int count) {
    if (count < 1) {
      throw new IllegalArgumentException("threads must be at least 1, got " + count);
    }
    threads = count;
    return this;
  }

  /**
   * Gives this detector threads that no other uses. Unless set, the detectors of a JVM share
   * theirs: there are as many as the largest of them asked for, and while several call at once, one
   * gets them for a step and the others run theirs alone.
   */
  public DetectorBuilder ownWorkers() {
    ownWorkers = true;
    return this;
  }

  /** Lowers the instruction set of the C library, as in {@code x86-64-v3}. */
  public DetectorBuilder instructionSet(String name) {
    instructionSet = name;
    return this;
  }

  /**
   * What convolutions and linear layers multiply in. {@link Precision#BF16} works or {@link #build}
   * throws: an automatic choice of the backend is then one of those that can.
   */
  public DetectorBuilder precision(Precision products) {
    precision = products;
    return this;
  }

  /**
   * Suppresses overlapping detections of a class softly, by lowering their scores; off unless set.
   * Detections then come in the order of suppression, and the threshold applies to the lowered
   * scores. {@link SoftNms#BIRDER} is what birder does on request.
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

  /** Only detections with a greater score are reported. */
  public DetectorBuilder threshold(float score) {
    threshold = checkedThreshold(score);
    return this;
  }

  /**
   * How many input sizes a session keeps planned; each holds the memory of one call. At least 1.
   */
  public DetectorBuilder cachedSizes(int count) {
    if (count < 1) {
      throw new IllegalArgumentException("cached sizes must be at least 1, got " + count);
    }
    cachedSizes = count;
    return this;
  }

  /**
   * Reads the configuration, maps the weights and opens the backend.
   *
   * @throws ModelConfigException when the configuration is missing, malformed or of another model
   * @throws CheckpointException when a tensor is missing, unexpected or misshapen
   * @throws BackendException when the backend cannot be used; the message has every reason
   */
  public Detector build() {
    BackendSettings settings = BackendSettings.ofProcess();
    BackendSettings.Request request = settings.backend(backend);
    BackendOptions options = settings.options(threads, instructionSet, null, precision);
    if (ownWorkers) {
      options = options.withOwnWorkers();
    }
    DetectorAssembly parts =
        DetectorAssembly.open(
            families, model, new RecognitionOptions(source, variant, proposals), labels);
    try {
      BackendSelection selection = BackendSelection.open(request, options);
      String refusal = softNms == null ? null : selection.backend().refusal(softNms);
      if (refusal != null) {
        selection.backend().close();
        throw new BackendException("soft suppression cannot run here: " + refusal);
      }
      return new Detector(
          parts,
          selection.backend(),
          selection.report(),
          options.precision(),
          softNms,
          threshold,
          cachedSizes);
    } catch (Throwable e) {
      parts.checkpoint().close();
      throw e;
    }
  }

  /** Returns the score, which must be a threshold. */
  static float checkedThreshold(float score) {
    if (!(score >= 0 && score <= 1)) {
      throw new IllegalArgumentException("threshold must be in 0..1, got " + score);
    }
    return score;
  }
}
