package dev.detr4j.cli;

import dev.detr4j.cli.registry.FetchLimits;
import dev.detr4j.cli.registry.LocalModel;
import dev.detr4j.cli.registry.LocalModels;
import dev.detr4j.cli.registry.ModelEntry;
import dev.detr4j.cli.registry.ModelFetch;
import dev.detr4j.cli.registry.ModelRegistry;
import dev.detr4j.cli.registry.ModelSettings;
import dev.detr4j.error.Detr4jException;
import dev.detr4j.error.ModelConfigException;
import dev.detr4j.model.codes.CodesModel;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Fetches published checkpoints. */
@Command(
    name = "fetch",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Downloads published checkpoints from the addresses of their projects. A file appears complete or not at all.",
      "",
      "Repeat the command to resume an interrupted download. Published digests are checked. Behind a proxy:"
          + " detr4j -Dhttps.proxyHost=HOST -Dhttps.proxyPort=PORT models fetch ..."
    },
    parameterListHeading = "%n",
    optionListHeading = "%nOptions:%n")
final class FetchCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Parameters(
      arity = "1..*",
      paramLabel = "NAME",
      description = "Names that `detr4j models` lists.")
  private List<String> names;

  @Option(
      names = "--offline",
      description =
          "Download nothing; a model that is not on this machine is an error. HF_HUB_OFFLINE=1 does the same.")
  private boolean offline;

  FetchCommand() {}

  @Override
  public Integer call() throws IOException {
    ModelSettings settings = ModelSettings.ofProcess().offline(offline);
    ModelRegistry registry = ModelRegistry.read(settings.registry());
    // A misspelt name is noticed before the first of many megabytes.
    List<ModelEntry> entries = new ArrayList<>();
    for (String name : names) {
      if (name.equals(CodesModel.NAME)) {
        throw new ModelConfigException(
            "model %s: it comes with detr4j, there is nothing to fetch".formatted(name));
      }
      entries.add(
          registry
              .find(name)
              .orElseThrow(() ->
                  new ModelConfigException(
                      "model %s: unknown name; `detr4j models` lists the known ones"
                          .formatted(name))));
    }
    PrintWriter out = spec.commandLine().getOut();
    PrintWriter err = spec.commandLine().getErr();
    LocalModels local = new LocalModels(settings);
    String version = new Version().getVersion()[0].replace(' ', '/');
    try (FetchLine line = new FetchLine(err, Terminal.errorIsTerminal())) {
      ModelFetch fetch = new ModelFetch(settings, FetchLimits.STANDARD, line, version);
      for (ModelEntry entry : entries) {
        Optional<LocalModel> here = local.find(entry);
        if (here.isEmpty()) {
          fetch.fetch(entry);
          here = local.find(entry);
        }
        out.println(
            entry.name() + "  " + here.map(LocalModel::path).orElseThrow(() -> gone(entry)));
        out.flush();
      }
    }
    return 0;
  }

  private static Detr4jException gone(ModelEntry entry) {
    return new ModelConfigException(
        "model %s: its files do not make a model; models.json must list a config.json and weights"
            .formatted(entry.name()));
  }
}
