package dev.detr4j.train.finetune;

import dev.detr4j.backend.BackendKind;
import dev.detr4j.model.description.ModelSource;
import dev.detr4j.model.family.RecognitionOptions;
import dev.detr4j.train.TrainingException;
import dev.detr4j.train.fault.FaultyDataException;
import dev.detr4j.train.head.HeadPolicy;
import dev.detr4j.train.prepare.TrainingOptions;
import dev.detr4j.train.recipe.Freezing;
import dev.detr4j.train.run.TrainingRun;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * The settings of a fine-tuning. What is not set follows from the recipe, the model or the data.
 * Backend, threads and instruction set come from the settings of the process where they are not set
 * here, as those of a detector do.
 */
public final class FineTuningBuilder {
  final Path model;
  final Path data;
  final Path output;
  @Nullable String name;
  @Nullable Path labels;
  @Nullable BackendKind backend;
  @Nullable Integer threads;
  @Nullable String instructionSet;
  boolean recompute;
  boolean restart;
  TrainingRun.Listener listener = new Silence();

  private @Nullable ModelSource source;
  private @Nullable String variant;
  private @Nullable Integer proposals;
  private @Nullable Integer heads;
  private @Nullable Path images;
  private @Nullable Path validation;
  private double validationShare;
  private @Nullable String recipe;
  private TrainingOptions.@Nullable Kind augmentation;
  private boolean flips = true;
  private @Nullable Freezing freezing;
  private HeadPolicy classHeads = HeadPolicy.BY_NAME;
  private @Nullable Integer epochs;
  private @Nullable Integer batch;
  private @Nullable Double rate;
  private long seed = 1;

  FineTuningBuilder(Path model, Path data, Path output) {
    this.model = model;
    this.data = data;
    this.output = output;
  }

  private static final class Silence implements TrainingRun.Listener {
    @Override
    public void progress(String line) {}

    @Override
    public void message(String line) {}
  }

  RecognitionOptions recognition() {
    return new RecognitionOptions(source, variant, proposals, heads);
  }

  TrainingOptions options(int decoders) {
    return new TrainingOptions(
        data,
        images,
        validation,
        validationShare,
        recipe,
        augmentation,
        flips,
        freezing,
        classHeads,
        epochs,
        batch,
        rate,
        seed,
        decoders);
  }

  /** Names the starting model in the report and the model card; its file name by default. */
  public FineTuningBuilder name(String text) {
    name = text;
    return this;
  }

  /** Sets the project of a checkpoint without a config.json; inferred by default. */
  public FineTuningBuilder source(ModelSource project) {
    source = project;
    return this;
  }

  /** Sets the variant of a checkpoint without a config.json; inferred by default. */
  public FineTuningBuilder variant(String text) {
    variant = text;
    return this;
  }

  /** Sets how many proposals become queries, for a checkpoint without a config.json. */
  public FineTuningBuilder proposals(int count) {
    proposals = atLeastOne(count, "proposals");
    return this;
  }

  /** Sets the number of attention heads, for a checkpoint without a config.json. */
  public FineTuningBuilder heads(int count) {
    heads = atLeastOne(count, "heads");
    return this;
  }

  /** Names the classes of a checkpoint without a config.json: a line each, or JSON. */
  public FineTuningBuilder labels(Path file) {
    labels = file;
    return this;
  }

  /** Sets the folder of the images; looked for beside the annotations by default. */
  public FineTuningBuilder images(Path folder) {
    images = folder;
    return this;
  }

  /** Sets the annotations to validate on; those of the data folder by default. */
  public FineTuningBuilder validation(Path annotations) {
    validation = annotations;
    return this;
  }

  /**
   * Splits images off for validation where the data has no validation set.
   *
   * @param share of the images, 0 to less than 1
   */
  public FineTuningBuilder validationShare(double share) {
    if (!(share >= 0 && share < 1)) {
      throw new IllegalArgumentException("validation share must be in 0..1, got " + share);
    }
    validationShare = share;
    return this;
  }

  /** Trains as a project does: hf, detr, deformable, detrex or mmdet; as we do by default. */
  public FineTuningBuilder recipe(String project) {
    recipe = project;
    return this;
  }

  /** Sets how pictures are changed; by the model's input size by default. */
  public FineTuningBuilder augmentation(TrainingOptions.Kind kind) {
    augmentation = kind;
    return this;
  }

  /** Never turns left and right round, as writing and signs want it. */
  public FineTuningBuilder withoutFlips() {
    flips = false;
    return this;
  }

  /** Sets what does not learn; what the recipe says by default. */
  public FineTuningBuilder freezing(Freezing rule) {
    freezing = rule;
    return this;
  }

  /** Sets what becomes of the class heads; rows of equal names are kept by default. */
  public FineTuningBuilder classHeads(HeadPolicy policy) {
    classHeads = policy;
    return this;
  }

  /** Sets the most epochs. */
  public FineTuningBuilder epochs(int count) {
    epochs = atLeastOne(count, "epochs");
    return this;
  }

  /** Sets the images of a step. */
  public FineTuningBuilder batch(int count) {
    batch = atLeastOne(count, "batch");
    return this;
  }

  /** Sets the learning rate of tensors that no rule of the recipe names. */
  public FineTuningBuilder rate(double value) {
    if (!(value > 0 && value < 1)) {
      throw new IllegalArgumentException("rate must be above 0 and below 1, got " + value);
    }
    rate = value;
    return this;
  }

  /** Sets the seed of everything that happens by chance; 1 by default. */
  public FineTuningBuilder seed(long value) {
    seed = value;
    return this;
  }

  /**
   * Computes encoder layers and blocks of the backbone anew on the way back, which saves memory and
   * costs time.
   */
  public FineTuningBuilder recompute() {
    recompute = true;
    return this;
  }

  /** Discards the state of an earlier run in the output folder in place of resuming it. */
  public FineTuningBuilder restart() {
    restart = true;
    return this;
  }

  /** Requests a backend of the processors: c, vector or reference. */
  public FineTuningBuilder backend(BackendKind kind) {
    backend = kind;
    return this;
  }

  /** Sets the number of computing threads. */
  public FineTuningBuilder threads(int count) {
    threads = atLeastOne(count, "threads");
    return this;
  }

  /** Limits the C library to an instruction set, such as {@code x86-64-v3}. */
  public FineTuningBuilder instructionSet(String tier) {
    instructionSet = tier;
    return this;
  }

  /** Sets who watches; nobody by default. */
  public FineTuningBuilder listener(TrainingRun.Listener watcher) {
    listener = watcher;
    return this;
  }

  private static int atLeastOne(int count, String what) {
    if (count < 1) {
      throw new IllegalArgumentException(what + " must be at least 1, got " + count);
    }
    return count;
  }

  /**
   * Reads and checks everything, and makes the model ready for its first step.
   *
   * @throws FaultyDataException when data or settings have errors; it holds all findings
   * @throws TrainingException when the run cannot begin
   * @throws dev.detr4j.error.Detr4jException when the model cannot be read or no backend be opened
   */
  public FineTuning open() {
    return FineTuning.open(this);
  }
}
