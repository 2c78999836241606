package dev.detr4j.cli;

import dev.detr4j.Detector;
import dev.detr4j.DetectorBuilder;
import dev.detr4j.DetectorSession;
import dev.detr4j.cli.registry.LocalModel;
import dev.detr4j.image.ImageDecoder;
import dev.detr4j.image.Orientation;
import dev.detr4j.model.codes.CodesModel;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Finds objects in images. */
@Command(
    name = "detect",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = "Finds objects in images.",
    parameterListHeading = "%n",
    optionListHeading = "%nOptions:%n",
    footer = {
      "",
      "Examples:",
      "  detr4j detect photo.jpg --draw found.png",
      "  detr4j detect photo.jpg --model detr-resnet-50/ --threshold 0.7 --draw found.png",
      "  detr4j detect photos/ --model detr-resnet-50/ --format csv --output found.csv --draw drawn/",
      "  detr4j detect photo.jpg --model r50_deformable_detr-checkpoint.pth",
      "  detr4j detect 'photos/**/*.jpg' --model detr-resnet-50/ --only person,dog --crop crops/",
      "  curl -s https://example.org/photo.jpg | detr4j detect - --model detr-resnet-50/ --format json",
      "",
      "An image that cannot be read costs one line on standard error. The command processes the other images and"
          + " exits with 1. Output files appear only when they are complete.",
      "With --output and several images, repeat the command to resume an interrupted run; FILE.journal keeps what is"
          + " done.",
      "`detr4j --help` lists the settings that replace --backend, --threads, --isa and --precision; `detr4j info` shows"
          + " which ones are in effect."
    })
final class DetectCommand implements Callable<Integer>, Restart.Candidate {
  @Spec private CommandSpec spec;

  @Parameters(
      arity = "1..*",
      paramLabel = "IMAGE|FOLDER|PATTERN|-",
      description =
          "Images (JPEG, PNG, GIF, BMP, WebP), folders of images, patterns in quotes such as 'photos/**/*.jpg', or - for"
              + " one image on standard input.")
  private List<String> images;

  @Option(
      names = {"-m", "--model"},
      paramLabel = "MODEL",
      description =
          "A Hugging Face model folder (config.json, preprocessor_config.json, weights); a checkpoint (.pth, .pt,"
              + " .bin, .safetensors) of facebookresearch/detr, Deformable-DETR, detrex, mmdetection or birder; or a name"
              + " that `detr4j models` lists. `detr4j info MODEL` describes it. Default: "
              + CodesModel.NAME
              + ", which finds QR, Data Matrix, Aztec, PDF417 and 1-D codes.")
  private @Nullable Path model;

  @Mixin private ModelOptions modelOptions;

  @Option(
      names = {"-t", "--threshold"},
      paramLabel = "SCORE",
      defaultValue = "0.5",
      description =
          "Report detections with a greater score. Range: 0 to 1. Default: ${DEFAULT-VALUE}.")
  private float threshold;

  @Mixin private SoftNmsOption softNms;

  @Mixin private OutputOptions outputOptions;

  @Option(
      names = {"-r", "--recursive"},
      description = "Descend into subfolders.")
  private boolean recursive;

  @Option(
      names = "--orientation",
      paramLabel = "RULE",
      description =
          "EXIF orientation: ignore, or apply. apply turns the image before detection; boxes refer to the turned image."
              + " Default: the rule of the model's project (apply for detrex and mmdet, ignore for the others).")
  private @Nullable Orientation orientation;

  @Option(
      names = "--max-pixels",
      paramLabel = "N",
      defaultValue = "" + ImageDecoder.DEFAULT_MAX_PIXELS,
      description = "Refuse larger images. Default: ${DEFAULT-VALUE}.")
  private long maxPixels;

  @Option(
      names = "--restart",
      description = "Discard what an interrupted run has kept beside the file of results.")
  private boolean restart;

  @Mixin private EngineOptions engine;

  DetectCommand() {}

  @Override
  public boolean needsVectorApi() {
    return engine.needsVectorApi();
  }

  @Override
  public Integer call() throws IOException {
    check(threshold >= 0 && threshold <= 1, "--threshold is " + threshold + ", expected 0 to 1");
    check(
        maxPixels >= 1 && maxPixels <= 1L << 29,
        "--max-pixels is " + maxPixels + ", expected 1 to " + (1L << 29));
    check(
        outputOptions.cropMargin >= 0 && outputOptions.cropMargin <= 10,
        "--crop-margin is " + outputOptions.cropMargin + ", expected 0 to 10");
    check(
        images.stream().filter("-"::equals).count() <= 1,
        "'-' given twice: standard input can be read only once");
    check(!restart || outputOptions.output != null, "--restart needs --output");
    PrintWriter err = spec.commandLine().getErr();
    List<ImageInputs.Input> inputs = ImageInputs.of(images, recursive);
    DetectOutputs outputs = new DetectOutputs(outputOptions, inputs, ImageInputs.isSingle(images));
    LocalModel used = DefaultModel.orNamed(model);
    try (ReplacedFile file =
            outputOptions.output == null ? null : ReplacedFile.open(outputOptions.output);
        Detector detector = open(used, err);
        DetectorSession session = detector.newSession()) {
      LabelFilter filter =
          LabelFilter.of(detector.labels(), outputOptions.only, outputOptions.except);
      Writer out =
          file == null
              ? spec.commandLine().getOut()
              : new OutputStreamWriter(file.kept(), StandardCharsets.UTF_8);
      Orientation turned = orientation == null ? detector.orientation() : orientation;
      ImageDecoder decoder = new ImageDecoder(turned, maxPixels);
      try (FoundJournal journal = journal(inputs, used, detector, turned)) {
        int failed =
            new DetectRun(inputs, decoder, filter, outputs, engine, journal)
                .detect(session, out, file, err);
        if (file != null && outputs.hasResults()) {
          file.commit();
        }
        if (journal != null) {
          journal.remove();
        }
        return failed == 0 ? 0 : 1;
      }
    }
  }

  /** What a long run has done, or null where there is no file of results for several images. */
  private @Nullable FoundJournal journal(
      List<ImageInputs.Input> inputs, LocalModel used, Detector detector, Orientation turned) {
    Path results = outputOptions.output;
    if (results == null || inputs.size() < 2 || ReplacedFile.isSpecial(results)) {
      return null;
    }
    RunIdentity run =
        new RunIdentity()
            .with(used, modelOptions, softNms, detector, threshold, turned, maxPixels)
            .withText("only", String.valueOf(outputOptions.only))
            .withText("except", String.valueOf(outputOptions.except));
    return FoundJournal.open(results, run, detector.labels(), restart);
  }

  private void check(boolean holds, String otherwise) {
    if (!holds) {
      throw new ParameterException(spec.commandLine(), otherwise);
    }
  }

  private Detector open(LocalModel used, PrintWriter err) {
    DetectorBuilder builder = modelOptions.applyTo(used.builder()).threshold(threshold);
    softNms.applyTo(builder);
    engine.apply(builder);
    Detector detector = builder.build();
    DefaultModel.announce(model, err);
    return detector;
  }
}
