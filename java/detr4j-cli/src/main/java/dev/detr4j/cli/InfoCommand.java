package dev.detr4j.cli;

import dev.detr4j.Detector;
import dev.detr4j.backend.BackendKind;
import dev.detr4j.backend.BackendOptions;
import dev.detr4j.backend.BackendSettings;
import dev.detr4j.backend.Precision;
import dev.detr4j.cli.registry.LocalModels;
import dev.detr4j.error.BackendException;
import dev.detr4j.image.Orientation;
import dev.detr4j.model.description.Assumption;
import dev.detr4j.model.description.ModelSummary;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Says what this machine can run and what would be used. */
@Command(
    name = "info",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Shows which backends this machine can run, which one detr4j uses, and why. With MODEL: describes the model and"
          + " lists what detr4j assumes because the file does not say it.",
      ""
    },
    parameterListHeading = "%n",
    optionListHeading = "Options:%n",
    footer = {
      "",
      "Examples:",
      "  detr4j info",
      "  detr4j info r50_deformable_detr_single_scale-checkpoint.pth",
      "  detr4j info detr-resnet-50/ --labels names.txt"
    })
final class InfoCommand implements Callable<Integer>, Restart.Candidate {
  @Spec private CommandSpec spec;

  @Parameters(
      arity = "0..1",
      paramLabel = "MODEL",
      description =
          "Describe this model only: a Hugging Face folder, a checkpoint (.pth, .pt, .bin, .safetensors), or a name that"
              + " `detr4j models` lists.")
  private @Nullable Path only;

  @Option(
      names = {"-m", "--model"},
      paramLabel = "MODEL",
      description = "Describe the machine, then this model.")
  private @Nullable Path model;

  @Mixin private ModelOptions modelOptions;

  @Option(
      names = {"-f", "--format"},
      paramLabel = "FORMAT",
      defaultValue = "text",
      description = "text or json. Default: ${DEFAULT-VALUE}.")
  private Format format;

  @Mixin private EngineOptions engine;

  enum Format {
    TEXT,
    JSON
  }

  private final Ansi colours = Terminal.colours();

  InfoCommand() {}

  @Override
  public boolean needsVectorApi() {
    return only == null; // it tries every backend
  }

  @Override
  public Integer call() throws IOException {
    if (only != null && model != null) {
      throw new ParameterException(
          spec.commandLine(), "MODEL and --model are mutually exclusive; give one of them");
    }
    PrintWriter out = spec.commandLine().getOut();
    if (format == Format.JSON) {
      json(out);
    } else {
      text(out);
    }
    out.flush();
    return 0;
  }

  private void text(PrintWriter out) throws IOException {
    if (only != null) {
      model(out, only);
      return;
    }
    BackendSettings settings = BackendSettings.ofProcess();
    BackendSettings.Request request = settings.backend(engine.backend);
    BackendOptions options = options(settings);
    machine(out, MachineInfo.of(options));
    heading(out, "In use");
    try {
      MachineInfo.InUse used = MachineInfo.inUse(request, options);
      line(out, "backend", used.backend() + ", " + used.instructionSet());
      line(out, "device", used.device());
      line(out, "chosen by", used.chosenBy());
    } catch (BackendException e) {
      line(out, "backend", "none");
      out.flush();
      throw e;
    }
    if (model != null) {
      out.println();
      model(out, model);
    }
  }

  private void json(PrintWriter out) throws IOException {
    BackendSettings settings = BackendSettings.ofProcess();
    BackendSettings.Request request = settings.backend(engine.backend);
    BackendOptions options = options(settings);
    Path described = only != null ? only : model;
    // Opened first, so that a model that cannot be read leaves no half of an object.
    try (Detector detector = described == null ? null : describe(described);
        InfoJson json = new InfoJson(out)) {
      if (only == null) {
        json.machine(MachineInfo.of(options));
        try {
          json.inUse(MachineInfo.inUse(request, options));
        } catch (BackendException e) {
          json.inUse(null);
          throw e;
        }
      }
      if (detector != null && described != null) {
        json.model(detector, described);
      }
    }
  }

  private BackendOptions options(BackendSettings settings) {
    return settings.options(engine.threads, engine.instructionSet, null, engine.precision);
  }

  private void machine(PrintWriter out, MachineInfo machine) {
    out.println(machine.version());
    heading(out, "Machine");
    line(
        out,
        "java",
        "%s (%s, %s)"
            .formatted(
                System.getProperty("java.version"),
                System.getProperty("java.vm.name"),
                System.getProperty("java.home")));
    line(
        out,
        "system",
        "%s %s, %d processors"
            .formatted(
                System.getProperty("os.name"),
                System.getProperty("os.arch"),
                Runtime.getRuntime().availableProcessors()));
    if (machine.startCache() != null) {
      line(out, "start cache", machine.startCache());
    }
    MachineInfo.Library library = machine.library();
    line(out, "C library", (library.usable() ? "" : "none: ") + library.description());
    for (String refused : library.refused()) {
      line(out, "", "passed over: " + refused);
    }
    if (library.detected() != null) {
      line(
          out,
          "CPU tier",
          library.detected()
              + " detected; --isa takes "
              + String.join(", ", library.instructionSets()));
    }
    heading(out, "Backends");
    for (MachineInfo.State state : machine.backends()) {
      boolean reference = state.name().equals(BackendKind.REFERENCE.id());
      line(
          out,
          state.name(),
          state.reason() != null
              ? "no: " + state.reason()
              : "yes: " + state.instructionSet() + (reference ? ", slow; only by name" : ""));
      for (String note : state.notes()) {
        line(out, "", note);
      }
    }
  }

  /** Describing needs no kernels: the oracle always opens, in its one precision. */
  private Detector describe(Path path) {
    return modelOptions
        .applyTo(LocalModels.resolve(path).builder())
        .backend(BackendKind.REFERENCE)
        .precision(Precision.FP32)
        .threads(1)
        .build();
  }

  private void model(PrintWriter out, Path path) {
    try (Detector detector = describe(path)) {
      ModelSummary summary = detector.model();
      out.println(colours.string("@|bold Model|@"));
      line(out, "source", summary.source().id());
      line(out, "variant", summary.variant());
      line(out, "architecture", summary.architecture());
      line(out, "backbone", summary.backbone() + (summary.dilated() ? ", last stage dilated" : ""));
      line(
          out,
          "layers",
          "%d encoder, %d decoder".formatted(summary.encoderLayers(), summary.decoderLayers()));
      line(out, "levels", Integer.toString(summary.levels()));
      line(out, "refinement", summary.boxRefinement() ? "yes" : "no");
      line(out, "two-stage", summary.twoStage() ? "yes" : "no");
      line(
          out,
          "parameters",
          String.format(Locale.ROOT, "%.1f million", summary.parameters() / 1e6));
      line(out, "queries", Integer.toString(summary.queries()));
      line(out, "classes", summary.labels() + ": " + examples(detector.labels(), summary.labels()));
      boolean turns = detector.orientation() == Orientation.APPLY;
      line(out, "EXIF", "orientation is " + (turns ? "applied" : "ignored"));
      boolean isFile = path.endsWith(summary.checkpoint());
      line(out, "checkpoint", isFile ? path.toString() : summary.checkpoint() + " in " + path);
      String name = "assumed";
      for (Assumption assumption : summary.assumed()) {
        String otherwise = assumption.otherwise();
        line(
            out, name, assumption.what() + (otherwise == null ? "" : "; otherwise --" + otherwise));
        name = "";
      }
    }
  }

  /** The first few classes, without the background that some projects count as label 0. */
  private static String examples(List<String> labels, int classes) {
    List<String> shown =
        labels.stream().skip(labels.size() - classes).limit(6).map(Terminal::printable).toList();
    return String.join(", ", shown) + (classes > shown.size() ? ", …" : "");
  }

  private void heading(PrintWriter out, String title) {
    out.println();
    out.println(colours.string("@|bold " + title + "|@"));
  }

  private static void line(PrintWriter out, String name, String value) {
    out.printf(Locale.ROOT, "  %-12s  %s%n", name, Terminal.printable(value));
  }
}
