package dev.detr4j.cli;

import dev.detr4j.Detections;
import dev.detr4j.Detector;
import dev.detr4j.DetectorBuilder;
import dev.detr4j.DetectorSession;
import dev.detr4j.cli.registry.LocalModel;
import dev.detr4j.error.ImageException;
import dev.detr4j.image.ImageDecoder;
import dev.detr4j.image.ImageView;
import dev.detr4j.image.Orientation;
import dev.detr4j.model.codes.CodesModel;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.io.Writer;
import java.lang.foreign.Arena;
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
    PrintWriter err = spec.commandLine().getErr();
    List<ImageInputs.Input> inputs = ImageInputs.of(images, recursive);
    DetectOutputs outputs = new DetectOutputs(outputOptions, inputs, ImageInputs.isSingle(images));
    try (ReplacedFile file =
            outputOptions.output == null ? null : ReplacedFile.open(outputOptions.output);
        Detector detector = open(err);
        DetectorSession session = detector.newSession()) {
      LabelFilter filter =
          LabelFilter.of(detector.labels(), outputOptions.only, outputOptions.except);
      Writer out =
          file == null
              ? spec.commandLine().getOut()
              : new OutputStreamWriter(file.kept(), StandardCharsets.UTF_8);
      ImageDecoder decoder =
          new ImageDecoder(orientation == null ? detector.orientation() : orientation, maxPixels);
      int failed = detectAll(inputs, decoder, session, outputs, filter, out, file, err);
      if (file != null && outputs.hasResults()) {
        file.commit();
      }
      return failed == 0 ? 0 : 1;
    }
  }

  private void check(boolean holds, String otherwise) {
    if (!holds) {
      throw new ParameterException(spec.commandLine(), otherwise);
    }
  }

  private Detector open(PrintWriter err) {
    LocalModel found = DefaultModel.orNamed(model);
    DetectorBuilder builder = modelOptions.applyTo(found.builder()).threshold(threshold);
    softNms.applyTo(builder);
    engine.apply(builder);
    Detector detector = builder.build();
    DefaultModel.announce(model, err);
    return detector;
  }

  /** Returns how many images failed; each has had its line. */
  private int detectAll(
      List<ImageInputs.Input> inputs,
      ImageDecoder decoder,
      DetectorSession session,
      DetectOutputs outputs,
      LabelFilter filter,
      Writer out,
      @Nullable ReplacedFile file,
      PrintWriter err)
      throws IOException {
    // Results on the same terminal are progress enough, and the line would get between them.
    boolean progressShown =
        Terminal.errorIsTerminal() && (file != null || !Terminal.outputIsTerminal());
    Detections found = session.newDetections();
    int failed = 0;
    try (ProgressLine progress = new ProgressLine(err, inputs.size(), progressShown)) {
      for (int i = 0; i < inputs.size(); i++) {
        ImageInputs.Input input = inputs.get(i);
        progress.update(i, input.name());
        String about = ""; // what cannot be read is named by the decoder
        try (Arena arena = Arena.ofConfined()) {
          ImageView image = read(input, decoder, arena);
          about = input.name() + ": ";
          session.detect(image, found);
          String warning = engine.takeWarning();
          if (warning != null) {
            progress.message("detr4j: " + Terminal.printable(input.name()) + ": " + warning);
          }
          outputs.write(input, image, found, filter, out);
          if (outputs.closed()) {
            return failed;
          }
        } catch (ImageException e) {
          if (file != null && file.broken()) {
            throw e; // not the image's fault, and there is nowhere to write the others to
          }
          failed++;
          progress.message("detr4j: " + Terminal.printable(about + e.getMessage()));
        }
      }
    } finally {
      outputs.end();
    }
    return failed;
  }

  private static ImageView read(ImageInputs.Input input, ImageDecoder decoder, Arena arena)
      throws IOException {
    if (input.fault() != null) {
      throw new ImageException(input.name() + ": " + input.fault());
    }
    if (input.file() != null) {
      return decoder.decode(input.file(), arena);
    }
    InputStream in = System.in;
    return decoder.decode(in, "standard input");
  }
}
