package dev.detr4j.bench.peer;

import dev.detr4j.bench.ChildJvm;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Says how much memory a model takes in each contender, in a fresh process for each. */
@Command(
    name = "memory",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description =
        "Counts the resident memory of a fresh process that loaded a model in one contender and ran it.",
    footer = {
      "",
      "Example:",
      "  detr4j bench memory --models ~/detr4j-models",
    })
public final class MemoryCommand implements Callable<Integer> {
  private static final List<String> TARGETS = List.of("deformable-detr-with-box-refine-two-stage");

  @Spec private CommandSpec spec;

  @Mixin private ComparisonOptions options;

  @Option(
      names = "--threads",
      defaultValue = "2",
      paramLabel = "N",
      description = "Threads of every contender. Default: ${DEFAULT-VALUE}.")
  private int threads;

  @Option(
      names = "--runs",
      defaultValue = "5",
      paramLabel = "N",
      description =
          "How often each runs the model before it is measured. Default: ${DEFAULT-VALUE}.")
  private int runs;

  /** For picocli. */
  public MemoryCommand() {}

  @Override
  public Integer call() throws IOException, InterruptedException {
    PrintWriter out = spec.commandLine().getOut();
    for (ModelFolder model : options.models(TARGETS)) {
      OffsetDateTime taken = OffsetDateTime.now(ZoneOffset.UTC);
      String report = report(model);
      out.println(report);
      out.flush();
      Files.createDirectories(options.results());
      Path file =
          options
              .results()
              .resolve("memory-" + model.name() + "-" + CompareCommand.stamp(taken) + ".md");
      Files.writeString(file, report);
      spec.commandLine().getErr().println("written to " + file);
    }
    return 0;
  }

  private String report(ModelFolder model) throws IOException, InterruptedException {
    String load = Circumstances.load();
    FormulaPixels pixels = options.pixels(model);
    List<MemoryOfOne.Figures> figures = new ArrayList<>();
    MemoryOfOne.@Nullable Figures onnx = null;
    List<String> contenders =
        Stream.of(
                Stream.of(MemoryOfOne.NOBODY),
                options.peers().stream().map(Peer::id),
                options.backends().stream().map(OwnBackend::id))
            .flatMap(ids -> ids)
            .toList();
    for (String contender : contenders) {
      MemoryOfOne.Figures found = inChild(contender, model, pixels);
      onnx = contender.equals(Peer.ONNXRUNTIME.id()) ? found : onnx;
      figures.add(found);
    }
    return """
    # Resident memory of %s, 1x3x%dx%d, %d threads

    - machine: %s
    - JDK: %s
    - commit: %s
    - load averages before: %s
    - each in a fresh process, after %d runs; VmRSS and VmHWM of /proc: mapped pages of files count

    """
            .formatted(
                model.name(),
                pixels.height(),
                pixels.width(),
                threads,
                Circumstances.machine(),
                Circumstances.java(),
                Circumstances.commit(),
                load,
                runs)
        + table(figures, onnx);
  }

  private MemoryOfOne.Figures inChild(String contender, ModelFolder model, FormulaPixels pixels)
      throws IOException, InterruptedException {
    String output =
        ChildJvm.run(
            MemoryOfOne.class,
            contender,
            model.path().toString(),
            Integer.toString(threads),
            Integer.toString(pixels.height()),
            Integer.toString(pixels.width()),
            Integer.toString(runs),
            options.tools().python(),
            options.tools().home().toString());
    return MemoryOfOne.Figures.parse(output.substring(output.lastIndexOf('\n') + 1));
  }

  /** The table; with ONNX Runtime's figures, also in parts of them. */
  static String table(List<MemoryOfOne.Figures> figures, MemoryOfOne.@Nullable Figures onnx) {
    StringBuilder table = new StringBuilder("| | resident MiB | peak MiB |");
    table.append(
        onnx == null
            ? "\n|---|---|---|\n"
            : " resident / ONNX Runtime's | peak / ONNX Runtime's |\n|---|---|---|---|---|\n");
    for (MemoryOfOne.Figures each : figures) {
      ProcessMemory memory = each.memory();
      table.append(
          String.format(
              Locale.ROOT,
              "| %s | %.0f | %.0f |",
              each.name(),
              memory.resident() / 0x1p20,
              memory.peak() / 0x1p20));
      if (onnx != null) {
        table.append(
            String.format(
                Locale.ROOT,
                " %.2f | %.2f |",
                (double) memory.resident() / onnx.memory().resident(),
                (double) memory.peak() / onnx.memory().peak()));
      }
      table.append('\n');
    }
    return table.toString();
  }
}
