package dev.detr4j.cli;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.util.MinimalPrettyPrinter;
import dev.detr4j.cli.registry.LocalModel;
import dev.detr4j.cli.registry.LocalModels;
import dev.detr4j.cli.registry.ModelEntry;
import dev.detr4j.cli.registry.ModelFile;
import dev.detr4j.cli.registry.ModelRegistry;
import dev.detr4j.cli.registry.ModelSettings;
import dev.detr4j.model.codes.CodesModel;
import dev.detr4j.model.description.ModelSource;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Lists the default model, the published checkpoints, and which of them are here. */
@Command(
    name = "models",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Lists the default model and the published checkpoints that detr4j knows by name, and which of them are on this"
          + " machine.",
      "",
      "AP is the box AP on COCO 2017 val as published by the project. The size is that of the weights. Every command"
          + " that takes a model also takes a name: --model facebook/detr-resnet-50.",
      ""
    },
    optionListHeading = "Options:%n",
    commandListHeading = "%nCommands:%n",
    synopsisSubcommandLabel = "[COMMAND]",
    footer = {
      "",
      "detr4j looks for a name in the cache of the Hugging Face tools (HF_HUB_CACHE, HF_HOME), then among fetched models"
          + " (DETR4J_HOME; default: detr4j in the user's cache folder). Only `models fetch` downloads.",
      "HF_ENDPOINT names a mirror of the hub. HF_TOKEN is sent to that host only. HF_HUB_OFFLINE=1 forbids downloads.",
      "-Ddetr4j.models.registry=DIR or DETR4J_REGISTRY names a folder with your own models.json and acceptance.json."
    },
    subcommands = {FetchCommand.class, ConvertCommand.class})
final class ModelsCommand implements Callable<Integer> {
  /** What a list is written as. */
  enum Format {
    TEXT,
    JSON
  }

  @Spec private CommandSpec spec;

  @Option(
      names = {"-f", "--format"},
      paramLabel = "FORMAT",
      defaultValue = "text",
      description = "text or json. Default: ${DEFAULT-VALUE}.")
  private Format format;

  private final Ansi colours = Terminal.colours();

  ModelsCommand() {}

  @Override
  public Integer call() throws IOException {
    ModelSettings settings = ModelSettings.ofProcess();
    List<ModelEntry> entries = ModelRegistry.read(settings.registry()).entries();
    LocalModels local = new LocalModels(settings);
    PrintWriter out = spec.commandLine().getOut();
    switch (format) {
      case TEXT -> table(out, entries, local);
      case JSON -> json(out, entries, local);
    }
    out.flush();
    return 0;
  }

  private void table(PrintWriter out, List<ModelEntry> entries, LocalModels local) {
    List<List<String>> rows = new ArrayList<>();
    rows.add(List.of("name", "source", "AP", "size", "licence", "here"));
    rows.add(
        List.of(
            CodesModel.NAME,
            ModelSource.HUGGING_FACE.id(),
            "",
            DefaultModel.MEGABYTES + " MB",
            DefaultModel.LICENCE,
            "built in, the default"));
    for (ModelEntry entry : entries) {
      Double ap = entry.ap();
      Integer megabytes = entry.megabytes();
      rows.add(
          List.of(
              entry.name(),
              entry.source().id(),
              ap == null ? "" : String.format(Locale.ROOT, "%.1f", ap),
              megabytes == null ? "" : megabytes + " MB",
              entry.licence(),
              local.find(entry).map(ModelsCommand::shortPath).orElse("no")));
    }
    int columns = rows.getFirst().size();
    for (int r = 0; r < rows.size(); r++) {
      StringBuilder line = new StringBuilder();
      for (int c = 0; c < columns; c++) {
        String cell = Terminal.printable(rows.get(r).get(c));
        int column = c;
        int width = rows.stream().mapToInt(row -> row.get(column).length()).max().orElse(0);
        String gap = c == columns - 1 ? "" : " ".repeat(width - cell.length());
        boolean number = c == 2 || c == 3;
        line.append(c == 0 ? "" : "  ").append(number ? gap + cell : cell + gap);
      }
      out.println(r == 0 ? colours.string("@|bold " + line + "|@") : line.toString());
    }
  }

  private static String shortPath(LocalModel model) {
    String path = model.path().toString();
    String home = System.getProperty("user.home", "");
    return !home.isEmpty() && path.startsWith(home + "/")
        ? "~" + path.substring(home.length())
        : path;
  }

  /** One model a line. */
  private static void json(PrintWriter out, List<ModelEntry> entries, LocalModels local)
      throws IOException {
    JsonGenerator json = new JsonFactory().createGenerator(out);
    json.disable(JsonGenerator.Feature.AUTO_CLOSE_TARGET);
    json.setPrettyPrinter(new MinimalPrettyPrinter(""));
    json.writeStartArray();
    json.writeRaw("\n");
    builtIn(json);
    for (ModelEntry entry : entries) {
      json.writeRaw("\n");
      entry(json, entry, local.find(entry));
    }
    json.writeRaw("\n");
    json.writeEndArray();
    json.writeRaw("\n");
    json.flush();
  }

  /** The default model is part of the program: it has no address, and no path before it is used. */
  private static void builtIn(JsonGenerator json) throws IOException {
    json.writeStartObject();
    json.writeStringField("name", CodesModel.NAME);
    json.writeBooleanField("built_in", true);
    json.writeStringField("source", ModelSource.HUGGING_FACE.id());
    json.writeStringField("licence", DefaultModel.LICENCE);
    json.writeNumberField("megabytes", DefaultModel.MEGABYTES);
    json.writeEndObject();
  }

  private static void entry(JsonGenerator json, ModelEntry entry, Optional<LocalModel> found)
      throws IOException {
    json.writeStartObject();
    json.writeStringField("name", entry.name());
    json.writeBooleanField("built_in", false);
    json.writeStringField("source", entry.source().id());
    json.writeStringField("variant", entry.variant());
    json.writeStringField("licence", entry.licence());
    json.writeObjectField("ap", entry.ap());
    json.writeObjectField("megabytes", entry.megabytes());
    json.writeStringField("hub", entry.hub());
    json.writeStringField("revision", entry.hub() == null ? null : entry.revision());
    json.writeArrayFieldStart("files");
    for (ModelFile file : entry.files()) {
      json.writeStartObject();
      json.writeStringField("name", file.name());
      json.writeStringField("url", text(file.url()));
      json.writeStringField("sha256", file.sha256());
      json.writeEndObject();
    }
    json.writeEndArray();
    json.writeStringField("path", found.map(model -> text(model.path())).orElse(null));
    json.writeEndObject();
  }

  private static @Nullable String text(@Nullable URI url) {
    return url == null ? null : url.toString();
  }

  private static String text(Path path) {
    return path.toString();
  }
}
