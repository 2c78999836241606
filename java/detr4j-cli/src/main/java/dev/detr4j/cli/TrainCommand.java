package dev.detr4j.cli;

import dev.detr4j.backend.Precision;
import dev.detr4j.cli.registry.LocalModel;
import dev.detr4j.model.codes.CodesModel;
import dev.detr4j.train.fault.FaultyDataException;
import dev.detr4j.train.fault.Findings;
import dev.detr4j.train.finetune.FineTuning;
import dev.detr4j.train.finetune.FineTuningBuilder;
import dev.detr4j.train.head.HeadPolicy;
import dev.detr4j.train.prepare.TrainingOptions;
import dev.detr4j.train.recipe.Freezing;
import dev.detr4j.train.run.OverfitCheck;
import dev.detr4j.train.run.TrainingRun;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Fine-tunes a model on annotated images. */
@Command(
    name = "train",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Fine-tunes a DETR or Deformable DETR model on annotated images and writes a model of their classes.",
      ""
    },
    optionListHeading = "Options:%n",
    footer = {
      "",
      "Examples:",
      "  detr4j train --data photos/ --check",
      "  detr4j train --data photos/ --output stamps/ --epochs 30",
      "  detr4j train --data train.json --images photos/ --validation val.json --model facebook/detr-resnet-50",
      "",
      "Data: COCO (.json), YOLO (data.yaml), Azure Machine Learning (.jsonl, MLTable), Pascal VOC (.xml). It is checked"
          + " before the first step.",
      "",
      "Files in the output folder:",
      "  model/           the best model so far, a Hugging Face folder with a model card",
      "  last/            the state from which a run resumes",
      "  first-batch.png  the first images with their boxes, as the network gets them: look at it",
      "  report.html      curves, metrics, settings; curves.png is beside it",
      "  mistakes.html    the worst mistakes of the best model",
      "  train.jsonl      a line for each step and each evaluation",
      "Ctrl-C stops after the step at hand. Repeat the command to resume a run that was stopped or killed."
    })
final class TrainCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Option(
      names = {"-d", "--data"},
      required = true,
      paramLabel = "PATH",
      description = "Annotated images: a folder, or a file of annotations.")
  private Path data;

  @Option(
      names = {"-i", "--images"},
      paramLabel = "DIR",
      description = "Folder of the images. Default: beside the annotations.")
  private @Nullable Path images;

  @Option(
      names = "--validation",
      paramLabel = "PATH",
      description = "Annotations to validate on. Default: the validation set of the data folder.")
  private @Nullable Path validation;

  @Option(
      names = "--validation-share",
      paramLabel = "PART",
      description =
          "Where there is no validation set: split this part of the images off, such as 0.1.")
  private @Nullable Double validationShare;

  @Option(
      names = {"-m", "--model"},
      paramLabel = "MODEL",
      description = "The model to begin with, as for detect. Default: " + CodesModel.NAME + ".")
  private @Nullable Path model;

  @Mixin private ModelOptions modelOptions;

  @Option(
      names = {"-o", "--output"},
      paramLabel = "DIR",
      defaultValue = "training",
      description = "Folder for all files. Default: ${DEFAULT-VALUE}.")
  private Path output;

  @Option(
      names = "--recipe",
      paramLabel = "PROJECT",
      description =
          "Train as this project does: hf, detr, deformable, detrex or mmdet. Default: rates and losses for fine-tuning"
              + " on few images.")
  private @Nullable String recipe;

  @Option(
      names = "--epochs",
      paramLabel = "N",
      converter = EngineOptions.AtLeastOne.class,
      description = "Most epochs. Default: the recipe's; 50 without one.")
  private @Nullable Integer epochs;

  @Option(
      names = "--batch",
      paramLabel = "N",
      converter = EngineOptions.AtLeastOne.class,
      description =
          "Images a step. They pass one by one, so that memory does not grow. Default: the recipe's; 8.")
  private @Nullable Integer batch;

  @Option(
      names = "--rate",
      paramLabel = "RATE",
      description = "Learning rate. Default: the recipe's; 1e-4, or 4e-4 for a small model.")
  private @Nullable Double rate;

  @Option(
      names = "--freeze",
      paramLabel = "WHAT",
      converter = Words.OfFreezing.class,
      description =
          "What does not learn: nothing, stem, first-stage, backbone (for fewer than 500 images), all-but-heads (for"
              + " tens), or transformers (what transformers freezes). Default: the recipe's.")
  private @Nullable Freezing freezing;

  @Option(
      names = "--classes",
      paramLabel = "RULE",
      converter = Words.OfHeadPolicy.class,
      description =
          "Class heads: by-name continues the rows of classes of the same name, new makes all anew, keep wants the"
              + " model's classes. Default: by-name.")
  private @Nullable HeadPolicy classes;

  @Option(
      names = "--augmentation",
      paramLabel = "KIND",
      description =
          "How images are changed: detr (as the original projects), light (at the size of use), fixed (zooms, for"
              + " models of one input size) or none. Default: detr, or fixed where the model has one size.")
  private TrainingOptions.@Nullable Kind augmentation;

  @Option(
      names = "--no-flips",
      description = "Never turn left and right round: for writing and signs. Not with detr.")
  private boolean withoutFlips;

  @Option(
      names = "--recompute",
      description = "Compute layers anew on the way back: less memory, more time.")
  private boolean recompute;

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "1",
      description = "Seed of everything that happens by chance. Default: ${DEFAULT-VALUE}.")
  private long seed;

  @Option(
      names = "--check",
      description =
          "Only check: read the data, draw first-batch.png, and learn two images by heart in 100 steps, which has to"
              + " succeed before a long run is worth its time.")
  private boolean check;

  @Option(
      names = "--restart",
      description = "Discard the state of an earlier run in the output folder.")
  private boolean restart;

  @Mixin private EngineOptions engine;

  TrainCommand() {}

  @Override
  public Integer call() {
    misuse(
        validationShare != null && !(validationShare > 0 && validationShare < 1),
        "--validation-share is " + validationShare + ", expected above 0 and below 1");
    misuse(rate != null && !(rate > 0 && rate < 1), "--rate is " + rate + ", expected 0 to 1");
    misuse(
        validation != null && validationShare != null,
        "--validation names a set: leave out --validation-share");
    misuse(
        engine.precision != null && engine.precision != Precision.FP32,
        "--precision: training computes in fp32");
    misuse(
        withoutFlips && augmentation == TrainingOptions.Kind.DETR,
        "--no-flips: the augmentation detr flips; --augmentation light and fixed can do without");
    PrintWriter err = spec.commandLine().getErr();
    LocalModel start = DefaultModel.orNamed(model);
    try (TrainProgress progress = new TrainProgress(err);
        GentleStop stop = new GentleStop(progress);
        FineTuning tuning = builder(start).listener(progress).open()) {
      if (!check) {
        tuning.checkFolder();
      }
      tuning.findings().forEach(found -> progress.message(found.toString()));
      tuning.summary().forEach(progress::message);
      if (check) {
        return check(tuning, progress);
      }
      stop.asks(tuning::requestStop);
      return run(tuning, progress);
    } catch (FaultyDataException e) {
      for (Findings.Finding found : e.findings()) {
        err.println("detr4j: " + Terminal.printable(found.toString()));
      }
      err.println("detr4j: nothing was trained: the data or the settings have errors");
      err.flush();
      return 1;
    }
  }

  private void misuse(boolean wrong, String what) {
    if (wrong) {
      throw new ParameterException(spec.commandLine(), what);
    }
  }

  private FineTuningBuilder builder(LocalModel start) {
    FineTuningBuilder builder =
        FineTuning.of(start.path(), data, output)
            .name(model == null ? CodesModel.NAME : model.toString())
            .seed(seed);
    modelOptions.applyTo(builder, start);
    if (images != null) {
      builder.images(images);
    }
    if (validation != null) {
      builder.validation(validation);
    }
    if (validationShare != null) {
      builder.validationShare(validationShare);
    }
    if (recipe != null) {
      builder.recipe(recipe);
    }
    if (epochs != null) {
      builder.epochs(epochs);
    }
    if (batch != null) {
      builder.batch(batch);
    }
    if (rate != null) {
      builder.rate(rate);
    }
    if (freezing != null) {
      builder.freezing(freezing);
    }
    if (classes != null) {
      builder.classHeads(classes);
    }
    if (augmentation != null) {
      builder.augmentation(augmentation);
    }
    if (withoutFlips) {
      builder.withoutFlips();
    }
    if (recompute) {
      builder.recompute();
    }
    if (restart) {
      builder.restart();
    }
    engine.apply(builder);
    return builder;
  }

  private int check(FineTuning tuning, TrainProgress progress) {
    OverfitCheck.Result result = tuning.check();
    progress.clear();
    spec.commandLine().getOut().println(result);
    spec.commandLine().getOut().flush();
    return result.passed() ? 0 : 1;
  }

  private int run(FineTuning tuning, TrainProgress progress) {
    TrainingRun.Result result = tuning.run();
    progress.clear();
    PrintWriter out = spec.commandLine().getOut();
    ended(result, tuning.bestModel()).forEach(out::println);
    out.flush();
    return 0;
  }

  /** What came out, a line each. */
  private List<String> ended(TrainingRun.Result result, Path best) {
    String why =
        switch (result.end()) {
          case COMPLETE -> "complete";
          case NO_GAIN -> "complete: the validation no longer improved";
          case STOPPED -> "stopped (repeat the command to resume)";
        };
    String steps = "%d steps: %s".formatted(result.steps(), why);
    return result.bestEpoch() < 0
        ? List.of(steps + ", before the first validation")
        : List.of(
            steps,
            String.format(
                Locale.ROOT,
                "best model: %s, AP %.3f in epoch %d; try: detr4j detect IMAGE --model %s",
                best,
                result.best(),
                result.bestEpoch() + 1,
                best),
            "report: " + output.resolve("report.html"));
  }
}
