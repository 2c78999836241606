package dev.detr4j.cli;

import dev.detr4j.BackendException;
import dev.detr4j.BackendKind;
import dev.detr4j.Detector;
import dev.detr4j.ModelSummary;
import dev.detr4j.backend.BackendOptions;
import dev.detr4j.backend.BackendProviders;
import dev.detr4j.backend.BackendSelection;
import dev.detr4j.backend.BackendSettings;
import dev.detr4j.cli.registry.LocalModels;
import dev.detr4j.ffi.CpuTier;
import dev.detr4j.ffi.NativeLibrary;
import dev.detr4j.ffi.NativeLibraryException;
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
import picocli.CommandLine.Spec;

/** Says what this machine can run and what would be used. */
@Command(
    name = "info",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Says what this machine can run, what would be used and why, and what a model is.",
      ""
    },
    optionListHeading = "Options:%n")
final class InfoCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Option(
      names = {"-m", "--model"},
      paramLabel = "DIR",
      description = "Describe this model folder, or name that `detr4j models` lists, too.")
  private @Nullable Path model;

  @Mixin private EngineOptions engine;

  private final Ansi colours = Terminal.colours();

  InfoCommand() {}

  @Override
  public Integer call() throws Exception {
    PrintWriter out = spec.commandLine().getOut();
    out.println(new Version().getVersion()[0]);
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
    nativeLibrary(out);
    int exit = backends(out);
    if (model != null) {
      model(out, model);
    }
    out.flush();
    return exit;
  }

  private static void nativeLibrary(PrintWriter out) {
    try {
      NativeLibrary library = NativeLibrary.load();
      line(out, "C library", library.toString());
      for (String refused : library.refused()) {
        line(out, "", "passed over: " + refused);
      }
      List<String> tiers = CpuTier.available(library).stream().map(CpuTier::name).toList();
      line(
          out,
          "CPU tier",
          CpuTier.detected(library).name() + " detected; --isa takes " + String.join(", ", tiers));
    } catch (NativeLibraryException e) {
      line(out, "C library", "none: " + e.getMessage());
    }
  }

  private int backends(PrintWriter out) {
    BackendSettings settings = BackendSettings.ofProcess();
    BackendSettings.Request request = settings.backend(engine.backend);
    BackendOptions options = settings.options(engine.threads, engine.instructionSet, null);
    heading(out, "Backends");
    for (BackendProviders.Lookup lookup : BackendProviders.all()) {
      line(out, lookup.kind().id(), state(lookup, options));
    }
    heading(out, "In use");
    try (var backend = BackendSelection.open(request, options).backend()) {
      line(out, "backend", backend.kind().id() + ", " + backend.instructionSet());
      line(out, "device", backend.device());
      line(out, "chosen by", request.source());
      return 0;
    } catch (BackendException e) {
      line(out, "backend", "none");
      out.flush();
      throw e;
    }
  }

  /** Opening is the proof; a backend without a model is cheap. */
  private static String state(BackendProviders.Lookup lookup, BackendOptions options) {
    String reason = lookup.unavailable(options);
    if (reason != null) {
      return "no: " + reason;
    }
    try (var backend =
        BackendSelection.open(new BackendSettings.Request(lookup.kind(), "info"), options)
            .backend()) {
      return "yes: "
          + backend.instructionSet()
          + (lookup.kind() == BackendKind.REFERENCE ? ", slow; only by name" : "");
    } catch (BackendException e) {
      return "no: " + e.getMessage();
    }
  }

  private void model(PrintWriter out, Path path) {
    // Describing needs no kernels: the oracle always opens.
    try (Detector detector =
        LocalModels.resolve(path).builder().backend(BackendKind.REFERENCE).threads(1).build()) {
      ModelSummary summary = detector.model();
      heading(out, "Model");
      line(out, "architecture", summary.architecture());
      line(out, "backbone", summary.backbone());
      line(
          out,
          "parameters",
          String.format(Locale.ROOT, "%.1f million", summary.parameters() / 1e6));
      line(out, "queries", Integer.toString(summary.queries()));
      line(out, "labels", summary.labels() + ": " + examples(detector.labels()));
      line(out, "checkpoint", summary.checkpoint() + " in " + path);
    }
  }

  private static String examples(List<String> labels) {
    List<String> shown = labels.stream().limit(6).map(Terminal::printable).toList();
    return String.join(", ", shown) + (labels.size() > shown.size() ? ", …" : "");
  }

  private void heading(PrintWriter out, String title) {
    out.println();
    out.println(colours.string("@|bold " + title + "|@"));
  }

  private static void line(PrintWriter out, String name, String value) {
    out.printf(Locale.ROOT, "  %-12s  %s%n", name, Terminal.printable(value));
  }
}
