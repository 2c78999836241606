package dev.detr4j.cli;

import dev.detr4j.Detector;
import dev.detr4j.DetectorBuilder;
import dev.detr4j.cli.registry.LocalModel;
import dev.detr4j.error.ImageException;
import dev.detr4j.evaluation.AnnotatedBox;
import dev.detr4j.evaluation.Annotations;
import dev.detr4j.evaluation.BoxEvaluation;
import dev.detr4j.evaluation.Mistakes;
import dev.detr4j.evaluation.Oddity;
import dev.detr4j.evaluation.ResultsFile;
import dev.detr4j.evaluation.ScoredBox;
import dev.detr4j.evaluation.report.MistakesPage;
import dev.detr4j.evaluation.report.PrecisionRecallPicture;
import dev.detr4j.image.ImageDecoder;
import dev.detr4j.image.Orientation;
import dev.detr4j.model.codes.CodesModel;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Says how good a model is on annotated images. */
@Command(
    name = "evaluate",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Measures a model, or a file of detections, on annotated images. Prints COCO's twelve metrics, equal to those of"
          + " pycocotools, and the metrics of each class.",
      ""
    },
    optionListHeading = "Options:%n",
    footer = {
      "",
      "Examples:",
      "  detr4j evaluate --annotations instances_val2017.json --images val2017/ --model detr-resnet-50/",
      "  detr4j evaluate --annotations instances_val2017.json --detections results.json",
      "",
      "Files in the output folder:",
      "  results.json          the detections in COCO's format",
      "  evaluation.json       all metrics",
      "  precision-recall.png  precision over recall",
      "  mistakes.html         the images with the worst mistakes; one page without scripts",
      "Repeat the command to resume an interrupted run; journal.jsonl keeps what is done.",
      "An image that cannot be read counts as an image without detections. The command then exits with 1."
    })
final class EvaluateCommand implements Callable<Integer>, Restart.Candidate {
  private static final String REPORT = "evaluation.json";
  private static final String PAGE = "mistakes.html";
  private static final String CURVES = "precision-recall.png";
  private static final String RESULTS = "results.json";
  private static final String JOURNAL = "journal.jsonl";

  /** What says how a model runs, and has no meaning for detections that are there already. */
  private static final List<String> OF_A_MODEL =
      List.of(
          "--source",
          "--variant",
          "--proposals",
          "--heads",
          "--labels",
          "--threshold",
          "--classes-by",
          "--restart",
          "--soft-nms",
          "--backend",
          "--threads",
          "--isa",
          "--precision");

  @Spec private CommandSpec spec;

  @Option(
      names = {"-a", "--annotations"},
      required = true,
      paramLabel = "FILE",
      description = "Annotations of the images: a JSON file in COCO's format, with boxes.")
  private Path annotationFile;

  @Option(
      names = {"-i", "--images"},
      paramLabel = "DIR",
      description = "Folder of the annotated images.")
  private @Nullable Path images;

  @Option(
      names = {"-m", "--model"},
      paramLabel = "MODEL",
      description = "The model, as for detect.")
  private @Nullable Path model;

  @Mixin private ModelOptions modelOptions;

  @Mixin private SoftNmsOption softNms;

  @Option(
      names = "--detections",
      paramLabel = "FILE",
      description =
          "Evaluate this file of COCO results instead of running a model. Only mistakes.html needs --images.")
  private @Nullable Path detections;

  @Option(
      names = {"-o", "--output"},
      paramLabel = "DIR",
      description =
          "Folder for all files. Default: evaluation. With --detections there is no default, and no file is written.")
  private @Nullable Path output;

  @Option(
      names = {"-t", "--threshold"},
      paramLabel = "SCORE",
      defaultValue = "0",
      description =
          "Keep detections with a greater score. COCO's metrics are defined over all of them. Default:"
              + " ${DEFAULT-VALUE}.")
  private float threshold;

  @Option(
      names = "--classes-by",
      paramLabel = "RULE",
      defaultValue = "name",
      description =
          "How to match labels of the model with annotated classes: by name, or by id. With id, the number of a label is"
              + " the id of a class. Default: ${DEFAULT-VALUE}.")
  private LabelCategories.Rule classesBy;

  @Option(
      names = {"-f", "--format"},
      paramLabel = "FORMAT",
      defaultValue = "text",
      description = "text, or json with all digits. Default: ${DEFAULT-VALUE}.")
  private Format format;

  @Option(
      names = "--worst",
      paramLabel = "N",
      defaultValue = "40",
      description = "Number of images in mistakes.html. Default: ${DEFAULT-VALUE}.")
  private int worst;

  @Option(names = "--restart", description = "Discard the results of an interrupted run.")
  private boolean restart;

  @Option(
      names = "--orientation",
      paramLabel = "RULE",
      description =
          "EXIF orientation: ignore or apply, whichever the annotations assume. Default: the rule of the model's project"
              + " (apply for detrex and mmdet, ignore for the others).")
  private @Nullable Orientation orientation;

  @Option(
      names = "--max-pixels",
      paramLabel = "N",
      defaultValue = "" + ImageDecoder.DEFAULT_MAX_PIXELS,
      description = "Refuse larger images. Default: ${DEFAULT-VALUE}.")
  private long maxPixels;

  @Mixin private EngineOptions engine;

  enum Format {
    TEXT,
    JSON
  }

  EvaluateCommand() {}

  @Override
  public boolean needsVectorApi() {
    return detections == null && engine.needsVectorApi();
  }

  @Override
  public Integer call() throws IOException {
    check(threshold >= 0 && threshold < 1, "--threshold is " + threshold + ", expected 0 to 1");
    check(worst >= 0, "--worst is " + worst + ", expected a number of images");
    check(
        maxPixels >= 1 && maxPixels <= 1L << 29,
        "--max-pixels is " + maxPixels + ", expected 1 to " + (1L << 29));
    check(
        detections == null || model == null,
        "--detections runs no model: leave out one of --detections and --model");
    for (String option : OF_A_MODEL) {
      check(
          detections == null || !spec.commandLine().getParseResult().hasMatchedOption(option),
          "--detections runs no model: leave out one of --detections and " + option);
    }
    check(
        detections != null || images != null,
        "Missing required option: '--images=DIR', or '--detections=FILE' to run no model");
    PrintWriter err = spec.commandLine().getErr();
    Annotations annotations = Annotations.read(annotationFile);
    AnnotatedFiles files = images == null ? null : new AnnotatedFiles(annotations, images);
    Path folder = output == null && detections == null ? Path.of("evaluation") : output;
    if (folder != null) {
      protect(folder);
    }
    if (detections != null) {
      noteOddities(annotations, err);
      List<ScoredBox> found = ResultsFile.read(detections, annotations);
      createFolder(folder);
      ImageDecoder decoder =
          new ImageDecoder(orientation == null ? Orientation.IGNORE : orientation, maxPixels);
      report(annotations, found, files == null ? null : pictures(files, decoder), folder, err);
      return 0;
    }
    if (files == null || folder == null) {
      throw new AssertionError("checked above");
    }
    return detectAndReport(annotations, files, folder, err) == 0 ? 0 : 1;
  }

  private void check(boolean holds, String otherwise) {
    if (!holds) {
      throw new ParameterException(spec.commandLine(), otherwise);
    }
  }

  /** Refuses a folder in which an output would replace what is read. */
  private void protect(Path folder) throws IOException {
    List<String> written =
        detections == null
            ? List.of(REPORT, PAGE, CURVES, RESULTS, JOURNAL)
            : List.of(REPORT, PAGE, CURVES);
    for (String name : written) {
      Path file = folder.resolve(name);
      for (Path read :
          detections == null ? List.of(annotationFile) : List.of(annotationFile, detections)) {
        if (Files.exists(file) && Files.exists(read) && Files.isSameFile(file, read)) {
          throw new ImageException(
              read + ": is an input and would be replaced; choose another folder with --output");
        }
      }
    }
  }

  private void noteOddities(Annotations annotations, PrintWriter err) {
    if (!annotations.oddities().isEmpty()) {
      note(
          err,
          annotationFile.getFileName()
              + " differs from COCO's format: "
              + annotations.oddities().stream()
                  .map(Oddity::toString)
                  .collect(Collectors.joining("; ")));
    }
    if (annotations.boxes().stream().anyMatch(box -> box.id().isZero())) {
      note(err, "an annotation has the id 0: as with pycocotools, finding it does not count");
    }
  }

  private static void note(PrintWriter err, String line) {
    err.println("detr4j: " + Terminal.printable(line));
    err.flush();
  }

  private static void createFolder(@Nullable Path folder) {
    if (folder == null) {
      return;
    }
    try {
      Files.createDirectories(folder);
    } catch (IOException e) {
      throw ReplacedFile.unwritable(folder, e);
    }
  }

  private DetectionJournal journal(
      Path folder,
      Annotations annotations,
      AnnotatedFiles files,
      LocalModel used,
      Detector detector,
      Orientation turned) {
    return DetectionJournal.open(
        folder.resolve(JOURNAL),
        new RunIdentity()
            .with("annotations", annotationFile)
            .with(used, modelOptions, softNms, detector, threshold, turned, maxPixels)
            .with("classes-by", classesBy.name())
            .parts(),
        annotations,
        files::fingerprint,
        restart);
  }

  /** Returns how many images could not be read; each has had its line. */
  private int detectAndReport(
      Annotations annotations, AnnotatedFiles files, Path folder, PrintWriter err)
      throws IOException {
    LocalModel used = DefaultModel.orNamed(model);
    try (Detector detector = open(used)) {
      DefaultModel.announce(model, err);
      noteOddities(annotations, err);
      LabelCategories categories = LabelCategories.of(detector.labels(), annotations, classesBy);
      categories.notes().forEach(line -> note(err, line));
      createFolder(folder);
      Orientation turned = orientation == null ? detector.orientation() : orientation;
      try (DetectionJournal journal = journal(folder, annotations, files, used, detector, turned)) {
        ImageDecoder decoder = new ImageDecoder(turned, maxPixels);
        AnnotatedRun run = new AnnotatedRun(annotations, files, categories, decoder, engine);
        int failed = run.detect(detector, journal, err);
        Path results = folder.resolve(RESULTS);
        writeText(results, out -> ResultsFile.write(run.found(journal), out));
        report(
            annotations,
            ResultsFile.read(results, annotations),
            pictures(files, decoder),
            folder,
            err);
        // Images that failed are tried again by the next run.
        if (failed == 0) {
          journal.remove();
        }
        return failed;
      }
    }
  }

  private Detector open(LocalModel used) {
    DetectorBuilder builder = modelOptions.applyTo(used.builder()).threshold(threshold);
    softNms.applyTo(builder);
    engine.apply(builder);
    return builder.build();
  }

  private static MistakesPage.Pictures pictures(AnnotatedFiles files, ImageDecoder decoder) {
    return image -> {
      try {
        return Pictures.of(decoder.decode(files.of(image)));
      } catch (ImageException e) {
        return null; // It had its line when it was to be detected on.
      }
    };
  }

  private void report(
      Annotations annotations,
      List<ScoredBox> found,
      MistakesPage.@Nullable Pictures pictures,
      @Nullable Path folder,
      PrintWriter err)
      throws IOException {
    long unknown =
        found.stream().filter(box -> annotations.categoryIndex(box.categoryId()) < 0).count();
    if (unknown > 0) {
      note(err, unknown + " detections do not count: their classes are not annotated");
    }
    BoxEvaluation evaluation = BoxEvaluation.of(annotations, found);
    Mistakes mistakes = Mistakes.of(annotations, found);
    PrintWriter out = spec.commandLine().getOut();
    if (format == Format.JSON) {
      EvaluationJson.write(annotations, evaluation, mistakes, out);
    } else {
      new EvaluationText(out).print(annotations, evaluation, mistakes, found.size());
    }
    if (folder != null) {
      writeFiles(annotations, evaluation, mistakes, pictures, folder);
      note(err, "wrote files to " + folder);
    }
  }

  private void writeFiles(
      Annotations annotations,
      BoxEvaluation evaluation,
      Mistakes mistakes,
      MistakesPage.@Nullable Pictures pictures,
      Path folder)
      throws IOException {
    writeText(
        folder.resolve(REPORT),
        out -> EvaluationJson.write(annotations, evaluation, mistakes, out));
    String title = title(annotations);
    if (pictures != null) {
      writeText(
          folder.resolve(PAGE),
          out -> MistakesPage.write(title, annotations, mistakes, worst, pictures, out));
    }
    BufferedImage picture = PrecisionRecallPicture.draw(title, annotations, evaluation);
    Path file = folder.resolve(CURVES);
    try (ReplacedFile out = ReplacedFile.open(file)) {
      Pictures.write(picture, "png", out.kept());
      out.commit();
    }
  }

  private String title(Annotations annotations) {
    Path what = detections != null ? detections : model != null ? model : Path.of(CodesModel.NAME);
    long objects = annotations.boxes().stream().filter(AnnotatedBox::crowd).count();
    objects = annotations.boxes().size() - objects;
    return "%s on %s: %d images, %d objects"
        .formatted(
            what.toAbsolutePath().normalize().getFileName(),
            annotationFile.getFileName(),
            annotations.images().size(),
            objects);
  }

  private interface TextWriter {
    void write(Writer out) throws IOException;
  }

  /** Written aside and renamed when it is complete. */
  private static void writeText(Path file, TextWriter writer) throws IOException {
    try (ReplacedFile out = ReplacedFile.open(file)) {
      Writer text = new OutputStreamWriter(out.kept(), StandardCharsets.UTF_8);
      writer.write(text);
      text.flush();
      out.commit();
    }
  }
}
