package dev.detr4j.train.finetune;

import dev.detr4j.backend.Backend;
import dev.detr4j.backend.BackendKind;
import dev.detr4j.backend.BackendOptions;
import dev.detr4j.backend.BackendSelection;
import dev.detr4j.backend.BackendSettings;
import dev.detr4j.backend.Precision;
import dev.detr4j.backend.host.HostBackend;
import dev.detr4j.checkpoint.Checkpoint;
import dev.detr4j.checkpoint.CheckpointWeights;
import dev.detr4j.checkpoint.HuggingFaceDirectory;
import dev.detr4j.error.ImageException;
import dev.detr4j.evaluation.AnnotatedImage;
import dev.detr4j.image.PixelSize;
import dev.detr4j.train.TrainingException;
import dev.detr4j.train.augment.Batch;
import dev.detr4j.train.augment.BatchMaker;
import dev.detr4j.train.augment.BatchPicture;
import dev.detr4j.train.augment.PlainAugmentation;
import dev.detr4j.train.augment.RgbPicture;
import dev.detr4j.train.data.Dataset;
import dev.detr4j.train.engine.SessionEngine;
import dev.detr4j.train.export.ModelCard;
import dev.detr4j.train.export.ModelExport;
import dev.detr4j.train.fault.Findings;
import dev.detr4j.train.prepare.ModelDescription;
import dev.detr4j.train.prepare.Preparation;
import dev.detr4j.train.run.OverfitCheck;
import dev.detr4j.train.run.RunFolder;
import dev.detr4j.train.run.RunIdentity;
import dev.detr4j.train.run.TrainingRun;
import dev.detr4j.train.run.ValidationSet;
import java.awt.image.BufferedImage;
import java.lang.foreign.Arena;
import java.lang.module.ModuleDescriptor;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Fine-tunes a model on annotated images: what {@code ./detr4j train} does.
 *
 * <pre>{@code
 * try (FineTuning tuning = FineTuning.of(model, data, output).epochs(30).open()) {
 *   tuning.findings().forEach(System.err::println);
 *   TrainingRun.Result result = tuning.run();
 * }
 * }</pre>
 *
 * <p>The output folder then has the best model in {@code model}, see {@link RunFolder}. A run that
 * was stopped or killed goes on where its folder is opened again with the same settings. Belongs to
 * one thread, but for {@link #requestStop}.
 */
public final class FineTuning implements AutoCloseable {
  private static final String CONVERTED = ".converted";
  private static final String START = ".start";
  private static final String VALIDATED = ".validated";

  private final Path output;
  private final TrainingRun.Listener listener;
  private final ModelDescription model;
  private final Preparation preparation;
  private final List<Findings.Finding> findings;
  private final RunFolder folder;
  private final RunIdentity identity;
  private final ModelExport export;
  private final SessionEngine engine;
  private final MemoryNeed memory;
  private final Held held;
  private final boolean restart;

  private @Nullable TrainingRun run;
  private boolean stopRequested;

  private FineTuning(
      FineTuningBuilder settings,
      ModelDescription model,
      Preparation preparation,
      List<Findings.Finding> findings,
      RunFolder folder,
      RunIdentity identity,
      ModelExport export,
      SessionEngine engine,
      MemoryNeed memory,
      Held held) {
    output = settings.output;
    listener = settings.listener;
    restart = settings.restart;
    this.model = model;
    this.preparation = preparation;
    this.findings = findings;
    this.folder = folder;
    this.identity = identity;
    this.export = export;
    this.engine = engine;
    this.memory = memory;
    this.held = held;
  }

  /**
   * Begins the settings.
   *
   * @param model a folder or file that a detector opens
   * @param data a folder, or a file of annotations
   * @param output the folder of the run, created where it does not exist
   */
  public static FineTuningBuilder of(Path model, Path data, Path output) {
    return new FineTuningBuilder(model, data, output);
  }

  static FineTuning open(FineTuningBuilder settings) {
    Held held = new Held();
    try {
      return open(settings, held);
    } catch (Throwable e) {
      try {
        held.close();
      } catch (RuntimeException second) {
        e.addSuppressed(second);
      }
      throw e;
    }
  }

  private static FineTuning open(FineTuningBuilder settings, Held held) {
    BackendSettings machine = BackendSettings.ofProcess();
    BackendOptions options =
        machine.options(settings.threads, settings.instructionSet, null, Precision.FP32);
    RunFolder folder = new RunFolder(settings.output);
    folder.create();
    held.add(folder.lock());

    Path converted = settings.output.resolve(CONVERTED);
    held.add(() -> ModelExport.discard(converted));
    StartingModel.convert(settings.model, settings.recognition(), settings.labels, converted)
        .forEach(settings.listener::message);
    ModelDescription model = ModelDescription.read(converted, name(settings));

    Findings findings = new Findings();
    Preparation preparation =
        Preparation.of(
            settings.options(options.threads()),
            model,
            findings,
            (what, images) -> reading(settings.listener, what, images));
    if (!settings.restart) {
      folder.check(findings);
    }
    findings.throwIfErrors();

    Path start = settings.output.resolve(START);
    held.add(() -> ModelExport.discard(start));
    ModelExport export =
        StartingModel.write(converted, model, preparation.heads(), preparation.seed(), start);
    ModelExport.discard(converted);

    HostBackend backend = backend(machine.backend(settings.backend), options);
    held.add(backend);
    RunIdentity identity =
        preparation.identity(
            model,
            "%s (%s)".formatted(backend.kind().id(), backend.instructionSet()),
            options.threads(),
            version());
    SessionEngine engine =
        engine(settings, start, model, preparation, export, backend, options, held);
    PixelSize canvas = preparation.augmentation().largest(preparation.train().dataset().images());
    MemoryNeed memory =
        MemoryNeed.of(engine.memoryBytes(), engine.memoryBytes(canvas), canvas)
            .check(settings.recompute);
    return new FineTuning(
        settings,
        model,
        preparation,
        findings.list(),
        folder,
        identity,
        export,
        engine,
        memory,
        held);
  }

  private static String name(FineTuningBuilder settings) {
    String given = settings.name;
    return given != null
        ? given
        : String.valueOf(settings.model.toAbsolutePath().normalize().getFileName());
  }

  private static IntConsumer reading(TrainingRun.Listener listener, String what, int images) {
    return done -> listener.progress("reading %s images %d/%d".formatted(what, done, images));
  }

  /** A backend of the processors, because nothing else can train. */
  private static HostBackend backend(BackendSettings.Request request, BackendOptions options) {
    Backend chosen = BackendSelection.open(request, options).backend();
    if (chosen instanceof HostBackend host) {
      return host;
    }
    String kind = chosen.kind().id();
    chosen.close();
    if (request.kind() != BackendKind.AUTO) {
      throw new TrainingException(
          "backend %s cannot train, expected c, vector or reference".formatted(kind));
    }
    return backend(new BackendSettings.Request(BackendKind.C, "training"), options);
  }

  private static SessionEngine engine(
      FineTuningBuilder settings,
      Path start,
      ModelDescription model,
      Preparation preparation,
      ModelExport export,
      HostBackend backend,
      BackendOptions options,
      Held held) {
    HuggingFaceDirectory directory = HuggingFaceDirectory.open(start);
    Checkpoint checkpoint = directory.openCheckpoint();
    held.add(checkpoint);
    SessionEngine engine =
        SessionEngine.open(
            directory.config(),
            new CheckpointWeights(checkpoint, directory.names()),
            backend,
            preparation.recipe(),
            preparation.freezing(),
            preparation.criterion(),
            settings.recompute,
            model.preprocessing().normalisation(),
            new FolderDetections(
                settings.output.resolve(VALIDATED),
                export,
                card("Validated", model, preparation, Map.of(), Map.of()),
                preparation.decoder(),
                backend.kind(),
                options.threads(),
                settings.instructionSet));
    held.add(engine);
    return engine;
  }

  private static String version() {
    return Optional.ofNullable(FineTuning.class.getModule().getDescriptor())
        .flatMap(ModuleDescriptor::rawVersion)
        .orElse("unstated");
  }

  private static ModelCard card(
      String name,
      ModelDescription model,
      Preparation preparation,
      Map<String, String> settings,
      Map<String, Double> metrics) {
    return new ModelCard(
        name,
        model.name(),
        LocalDate.now(ZoneOffset.UTC).toString(),
        version(),
        preparation.heads().classes(),
        List.of(
            described("training", preparation.train().dataset()),
            described("validation", preparation.validation().dataset())),
        settings,
        metrics);
  }

  private static String described(String what, Dataset set) {
    return "%s: %d images, %d boxes (%s)"
        .formatted(what, set.images().size(), set.boxes(), set.description());
  }

  /** What was found in the data and the settings: warnings, because errors end the start. */
  public List<Findings.Finding> findings() {
    return findings;
  }

  /** What will be trained, on what and how, a line each. */
  public List<String> summary() {
    return List.of(
        String.format(
            Locale.ROOT,
            "model: %s, %,d parameters, %,d of them learn",
            model.name(),
            model.parameters(),
            engine.learningNumbers()),
        described("training", preparation.train().dataset()),
        described("validation", preparation.validation().dataset()),
        "classes: " + preparation.heads(),
        "steps: %d epochs of %d steps of %d images, recipe %s, augmentation %s"
            .formatted(
                preparation.plan().epochs(),
                preparation.batches().steps(),
                preparation.batch(),
                preparation.recipe().name(),
                identity.parts().get("augmentation")),
        "backend: %s, %s threads"
            .formatted(identity.parts().get("backend"), identity.parts().get("threads")),
        "memory: " + memory);
  }

  /** Whether the folder has a run that {@link #run} goes on with. */
  public boolean resumes() {
    return !restart && folder.hasState();
  }

  /**
   * Makes sure that {@link #run} will go on with the run of the folder, where there is one.
   *
   * @throws TrainingException when that is another run, with what differs
   */
  public void checkFolder() {
    if (resumes()) {
      folder.checkIdentity(identity);
    }
  }

  /** Where the best model is, once there is one. */
  public Path bestModel() {
    return folder.model();
  }

  /**
   * Runs to the end, to the point where nothing improves, or until it is asked to stop.
   *
   * @throws TrainingException when it cannot go on; the last good state is kept
   */
  public TrainingRun.Result run() {
    checkFolder();
    if (restart) {
      // Not before: data or a model that cannot be read must not cost the run that is there.
      folder.discard();
    }
    TrainingRun begun =
        new TrainingRun(
            engine,
            preparation.batches(),
            preparation.validation().dataset(),
            preparation.plan(),
            folder,
            identity,
            (weights, metrics) ->
                export.write(
                    folder.model(),
                    weights,
                    card(title(), model, preparation, settings(), metrics)),
            this::picture,
            findings,
            new FirstStepCheck(
                listener, preparation.criterion(), preparation.heads(), model.queries()));
    synchronized (this) {
      run = begun;
      if (stopRequested) {
        begun.requestStop();
      }
    }
    return begun.run();
  }

  /** What the run is, without what only machines compare. */
  private Map<String, String> settings() {
    Map<String, String> shown = identity.parts();
    shown.keySet().removeIf(part -> part.endsWith("digest"));
    return shown;
  }

  private String title() {
    return String.valueOf(output.toAbsolutePath().normalize().getFileName());
  }

  /** Ends {@link #run} after the step at hand, with its state kept. May be called by any thread. */
  public synchronized void requestStop() {
    stopRequested = true;
    TrainingRun begun = run;
    if (begun != null) {
      begun.requestStop();
    }
  }

  /**
   * Learns two images by heart, see {@link OverfitCheck}. The weights are of no use afterwards:
   * whoever wants to train opens anew. Writes {@code first-batch.png} and nothing else.
   */
  public OverfitCheck.Result check() {
    Dataset two = OverfitCheck.images(preparation.train().dataset());
    BatchMaker batches =
        new BatchMaker(
            two,
            preparation.decoder(),
            new PlainAugmentation(model.preprocessing()),
            preparation.seed(),
            two.images().size());
    try (Arena arena = Arena.ofConfined()) {
      Batch first = batches.make(0, 0, arena);
      folder.picture("first-batch.png", BatchPicture.draw(first, two.classes()));
    }
    return OverfitCheck.run(engine, batches, two, preparation.plan().rate(), listener::progress);
  }

  private @Nullable BufferedImage picture(AnnotatedImage image) {
    Dataset set = preparation.validation().dataset();
    try {
      return RgbPicture.of(preparation.decoder().decode(ValidationSet.of(image, set).file()));
    } catch (ImageException e) {
      return null; // It was readable when it was scanned; the page does without.
    }
  }

  /** Frees the memory, removes what only this process needs, and gives the folder back. */
  @Override
  public void close() {
    held.close();
  }
}
