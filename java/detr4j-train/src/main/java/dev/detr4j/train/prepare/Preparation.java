package dev.detr4j.train.prepare;

import dev.detr4j.image.ImageDecoder;
import dev.detr4j.image.PixelSize;
import dev.detr4j.image.ResizeRule;
import dev.detr4j.train.TrainingException;
import dev.detr4j.train.augment.Augmentation;
import dev.detr4j.train.augment.BatchMaker;
import dev.detr4j.train.augment.DetrAugmentation;
import dev.detr4j.train.augment.EpochOrder;
import dev.detr4j.train.augment.FixedAugmentation;
import dev.detr4j.train.augment.LightAugmentation;
import dev.detr4j.train.augment.PlainAugmentation;
import dev.detr4j.train.check.DataChecks;
import dev.detr4j.train.check.ImageScan;
import dev.detr4j.train.check.ModelFacts;
import dev.detr4j.train.check.ScannedSet;
import dev.detr4j.train.data.DataFolder;
import dev.detr4j.train.data.Dataset;
import dev.detr4j.train.data.TrainingData;
import dev.detr4j.train.fault.Fault;
import dev.detr4j.train.fault.Findings;
import dev.detr4j.train.head.ClassMap;
import dev.detr4j.train.loss.CriterionOptions;
import dev.detr4j.train.recipe.Freezing;
import dev.detr4j.train.recipe.Recipe;
import dev.detr4j.train.recipe.Schedule;
import dev.detr4j.train.run.RunIdentity;
import dev.detr4j.train.run.RunPlan;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntConsumer;
import java.util.stream.Collectors;

/**
 * Reads and checks the data and settles every setting of a run.
 *
 * @param train what is trained on
 * @param validation what is evaluated on
 * @param recipe where options say nothing else
 * @param criterion the losses
 * @param heads which rows of class heads continue
 * @param freezing what does not learn
 * @param augmentation how pictures are changed
 * @param batch images a step
 * @param plan of the run
 * @param seed of everything that happens by chance
 * @param decoder of the images
 */
public record Preparation(
    ScannedSet train,
    ScannedSet validation,
    Recipe recipe,
    CriterionOptions criterion,
    ClassMap heads,
    Freezing freezing,
    Augmentation augmentation,
    int batch,
    RunPlan plan,
    long seed,
    ImageDecoder decoder) {
  /** Sets below this many images get mosaics. */
  private static final int SMALL_SET = 500;

  private static final double MOSAIC = 0.25;

  /** Whoever watches the images being read. */
  public interface Progress {
    /** Begins a set; the consumer is told how many of its images are done. */
    IntConsumer begins(String what, int images);
  }

  /**
   * Prepares a run.
   *
   * @param findings receives faults of data and settings; the caller shows them and ends the start
   *     where there are errors
   * @throws TrainingException when data or options are so wrong that nothing can be checked
   */
  public static Preparation of(
      TrainingOptions options, ModelDescription model, Findings findings, Progress progress) {
    Recipe recipe =
        options.recipe() == null
            ? Recipe.fineTuning(model.parameters())
            : Recipe.named(options.recipe());
    if (recipe.dropout().isEmpty() || recipe.dropout().getAsDouble() != 0) {
      findings.add(Fault.WITHOUT_DROPOUT);
    }
    CriterionOptions criterion = recipe.criterion(model.softmax());
    TrainingData data =
        DataFolder.read(
            options.data(),
            options.images(),
            options.validation(),
            options.validationShare(),
            options.seed(),
            findings);
    ImageDecoder decoder = new ImageDecoder(model.orientation(), ImageDecoder.DEFAULT_MAX_PIXELS);
    ScannedSet train = scan("training", data.train(), decoder, options, findings, progress);
    ScannedSet held = scan("validation", data.validation(), decoder, options, findings, progress);
    DataChecks.check(
        train, held, new ModelFacts(model.queries(), model.preprocessing().resize()), findings);
    ClassMap heads = ClassMap.of(model.labels(), data.train().classes(), options.heads(), findings);
    int batch = options.batch() == null ? recipe.batch() : options.batch();
    int images = train.dataset().images().size();
    return new Preparation(
        train,
        held,
        recipe,
        criterion,
        heads,
        options.freezing() == null ? recipe.freezing() : options.freezing(),
        augmentation(options, model, images),
        batch,
        plan(options, recipe, images == 0 ? 1 : EpochOrder.batches(images, batch)),
        options.seed(),
        decoder);
  }

  private static ScannedSet scan(
      String what,
      Dataset set,
      ImageDecoder decoder,
      TrainingOptions options,
      Findings findings,
      Progress progress) {
    IntConsumer done = progress.begins(what, set.images().size());
    return ImageScan.scan(set, decoder, options.threads(), findings, done);
  }

  private static Augmentation augmentation(
      TrainingOptions options, ModelDescription model, int images) {
    boolean fixed = model.preprocessing().resize() instanceof ResizeRule.Fixed;
    TrainingOptions.Kind kind = options.augmentation();
    if (kind == null) {
      kind = fixed ? TrainingOptions.Kind.FIXED : TrainingOptions.Kind.DETR;
    }
    return switch (kind) {
      case DETR -> new DetrAugmentation();
      case LIGHT -> new LightAugmentation(model.preprocessing(), options.flips());
      case NONE -> new PlainAugmentation(model.preprocessing());
      case FIXED -> {
        if (!(model.preprocessing().resize() instanceof ResizeRule.Fixed size)) {
          throw new TrainingException(
              "the augmentation \"fixed\" is for models that see every picture in one size; this one resizes by the short side");
        }
        yield new FixedAugmentation(
            new PixelSize(size.width(), size.height()),
            model.preprocessing().resampling(),
            options.flips(),
            images < SMALL_SET ? MOSAIC : 0);
      }
    };
  }

  private static RunPlan plan(TrainingOptions options, Recipe recipe, int stepsAnEpoch) {
    int epochs = options.epochs() == null ? recipe.epochs() : options.epochs();
    long steps = (long) epochs * stepsAnEpoch;
    Schedule schedule = recipe.schedule();
    if (schedule instanceof Schedule.Falling falling) {
      // A short run would spend all of itself on the warm-up.
      int warmUp = (int) Math.min(falling.warmUp(), Math.max(1, steps / 10));
      schedule = new Schedule.Falling(warmUp, falling.share(), falling.floor());
    }
    return new RunPlan(
        epochs,
        options.rate() == null ? recipe.rate() : options.rate(),
        schedule,
        recipe.average(),
        recipe.stopping(),
        Duration.ofMinutes(10));
  }

  /** Makes the batches of the run. */
  public BatchMaker batches() {
    return new BatchMaker(train.dataset(), decoder, augmentation, seed, batch);
  }

  /** What the run is, to be resumed as the same and shown in its report. */
  public RunIdentity identity(ModelDescription model, String backend, int threads, String version) {
    return new RunIdentity()
        .noting("model", model.name())
        .with("model digest", model.digest())
        .noting("training data", train.dataset().description())
        .withDigest("training images digest", train.digests())
        .with("training boxes", train.dataset().boxes())
        .noting("validation data", validation.dataset().description())
        .withDigest("validation images digest", validation.digests())
        .with("validation boxes", validation.dataset().boxes())
        .with("classes", String.join(", ", train.dataset().classes()))
        .withDigest("annotations digest", annotations())
        .with("recipe", recipe.name())
        .with("losses", criterion)
        .with("rates by name", words(recipe.rates()))
        .with("weight decay", recipe.weightDecay())
        .with("clip", recipe.clipNorm())
        .with("class heads", heads)
        .with("frozen", freezing)
        .with("augmentation", described())
        .with("batch", batch)
        .with("epochs", plan.epochs())
        .with("rate", plan.rate())
        .with("schedule", plan.schedule())
        .with("average", plan.average())
        .with("stopping", plan.stopping())
        .with("seed", seed)
        .with("backend", backend)
        .with("threads", threads)
        .with("version", version);
  }

  /** Not the preprocessing, whose text is no function of what it is. */
  private String described() {
    return switch (augmentation) {
      case DetrAugmentation _ -> "detr";
      case LightAugmentation light -> light.flips() ? "light, with flips" : "light, without flips";
      case PlainAugmentation _ -> "none";
      case FixedAugmentation fixed ->
          "fixed, %s pixels, %s flips, mosaics %s"
              .formatted(fixed.size(), fixed.flips() ? "with" : "without", fixed.mosaic());
    };
  }

  private static String words(List<?> things) {
    return things.isEmpty()
        ? "one for all"
        : things.stream().map(Object::toString).collect(Collectors.joining(", "));
  }

  private List<String> annotations() {
    List<String> all = new ArrayList<>();
    train.dataset().images().forEach(image -> all.add(image.name() + image.boxes()));
    validation.dataset().images().forEach(image -> all.add(image.name() + image.boxes()));
    return all;
  }
}
