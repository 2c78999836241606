package dev.detr4j.bench.peer;

import dev.detr4j.BackendKind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * Compares the execution of one model by detr4j's backends and by ONNX Runtime, and writes a
 * Markdown table.
 *
 * <p>Like for like: every contender starts from the same normalised pixels in memory and ends with
 * logits and boxes in memory; neither decodes, resizes or selects boxes. All run in one process,
 * interleaved, with the same number of threads. Before anything is timed, outputs are compared, and
 * a contender that computes something else ends the comparison.
 */
@Command(
    name = "compare-with-onnxruntime",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = "Times detr4j and ONNX Runtime on the same weights and input, interleaved.")
public final class CompareWithOnnxRuntime implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Option(
      names = "--model",
      required = true,
      paramLabel = "DIR",
      description = "Hugging Face checkpoint directory.")
  private Path model;

  @Option(
      names = "--onnx",
      paramLabel = "FILE",
      description = "The exported model (default: model.onnx in the directory).")
  private @Nullable Path onnx;

  @Option(
      names = "--backends",
      split = ",",
      defaultValue = "c,vector",
      paramLabel = "KIND",
      description = "detr4j backends, or none for ONNX Runtime alone (default: ${DEFAULT-VALUE}).")
  private List<String> backends = List.of();

  @Option(
      names = "--threads",
      split = ",",
      defaultValue = "2",
      paramLabel = "N",
      description = "Threads of every contender; several make several tables (default: 2).")
  private List<Integer> threads = List.of();

  @Option(
      names = "--warm-up",
      defaultValue = "3",
      description = "Rounds that are not counted (default: ${DEFAULT-VALUE}).")
  private int warmUp;

  @Option(
      names = "--rounds",
      defaultValue = "11",
      description = "Rounds that are counted (default: ${DEFAULT-VALUE}).")
  private int rounds;

  @Option(
      names = "--pause",
      defaultValue = "100",
      paramLabel = "MS",
      description = "Milliseconds of rest ahead of each run (default: ${DEFAULT-VALUE}).")
  private int pauseMillis;

  @Option(
      names = "--height",
      defaultValue = "800",
      description = "Rows of the input; must be those of the export (default: ${DEFAULT-VALUE}).")
  private int height;

  @Option(
      names = "--width",
      defaultValue = "1066",
      description = "Columns of the input (default: ${DEFAULT-VALUE}).")
  private int width;

  @Option(
      names = "--tolerance",
      defaultValue = "2e-3",
      description = "Largest accepted difference of a logit (default: ${DEFAULT-VALUE}).")
  private float tolerance;

  @Option(
      names = "--results",
      defaultValue = "bench/results",
      paramLabel = "DIR",
      description = "Where the table is written (default: ${DEFAULT-VALUE}).")
  private Path results;

  /** Runs the comparison; exits with 2 for a wrong command line and 1 for outputs that differ. */
  public static void main(String[] args) {
    CommandLine line = new CommandLine(new CompareWithOnnxRuntime());
    line.setExecutionExceptionHandler((e, command, parsed) -> {
      command.getErr().println("error: " + e.getMessage());
      return 1;
    });
    System.exit(line.execute(args));
  }

  @Override
  public Integer call() throws IOException {
    if (rounds < 1 || warmUp < 0 || threads.stream().anyMatch(n -> n < 1)) {
      throw new ParameterException(
          spec.commandLine(), "--rounds and --threads must be at least 1, --warm-up at least 0");
    }
    String modelName = String.valueOf(model.toAbsolutePath().normalize().getFileName());
    OffsetDateTime now = OffsetDateTime.now(ZoneOffset.UTC);
    StringBuilder report = new StringBuilder();
    report
        .append("# %s, 1x3x%dx%d\n\n".formatted(modelName, height, width))
        .append("- machine: ")
        .append(Circumstances.machine())
        .append("\n- JDK: ")
        .append(Circumstances.java())
        .append("\n- commit: ")
        .append(Circumstances.commit())
        .append("\n- taken: ")
        .append(now.format(DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm 'UTC'", Locale.ROOT)))
        .append("\n- %d rounds after %d of warm-up, interleaved, ".formatted(rounds, warmUp))
        .append("%d ms of rest ahead of each run\n".formatted(pauseMillis))
        .append("- timed: normalised pixels in memory to logits and boxes in memory\n");
    FormulaPixels pixels = FormulaPixels.of(height, width);
    for (int n : threads) {
      report.append("\n## ").append(n).append(n == 1 ? " thread\n\n" : " threads\n\n");
      report.append(compare(pixels, n));
    }
    System.out.print(report);
    Files.createDirectories(results);
    Path file =
        results.resolve(
            "%s-%s.md"
                .formatted(
                    modelName,
                    now.format(DateTimeFormatter.ofPattern("yyyyMMdd-HHmm", Locale.ROOT))));
    Files.writeString(file, report);
    System.err.println("written to " + file);
    return 0;
  }

  private String compare(FormulaPixels pixels, int threadCount) {
    Path file = onnx != null ? onnx : model.resolve("model.onnx");
    List<Contender> contenders = new ArrayList<>();
    try {
      contenders.add(new OnnxRuntimeModel(file, threadCount, pixels));
      for (String backend : backends) {
        if (!backend.equals("none")) {
          contenders.add(new PlannedModel(model, BackendKind.of(backend), threadCount, pixels));
        }
      }
      RawOutputs expected = contenders.get(0).outputs();
      List<String> agreements = new ArrayList<>();
      agreements.add("");
      for (Contender contender : contenders.subList(1, contenders.size())) {
        contender.run();
        agreements.add(agreement(contender, expected));
      }
      String loadBefore = Circumstances.load();
      List<Timings> timings = new InterleavedRounds(warmUp, rounds, pauseMillis).run(contenders);
      String loads =
          "load averages %s before, %s after".formatted(loadBefore, Circumstances.load());
      return table(contenders, timings, agreements) + "\n" + loads + "\n";
    } finally {
      contenders.forEach(Contender::close);
    }
  }

  private String agreement(Contender contender, RawOutputs expected) {
    RawOutputs.Difference difference = contender.outputs().from(expected);
    String text =
        "logits %.1e, boxes %.1e, %d queries moved"
            .formatted(difference.logits(), difference.boxes(), difference.moved());
    if (!(difference.logits() <= tolerance)) {
      throw new IllegalStateException(
          "%s does not compute what ONNX Runtime computes: %s; expected logits within %.0e"
              .formatted(contender.name(), text, tolerance));
    }
    return text;
  }

  private static String table(
      List<Contender> contenders, List<Timings> timings, List<String> agreements) {
    StringBuilder table =
        new StringBuilder(
            """
            | | median s | min s | max s | ONNX Runtime / this (medians) | CPU s (median) | largest difference from ONNX Runtime |
            |---|---|---|---|---|---|---|
            """);
    double peer = timings.get(0).wall().median();
    for (int i = 0; i < timings.size(); i++) {
      Timings.Series wall = timings.get(i).wall();
      table.append(
          "| %s | %.3f | %.3f | %.3f | %.2f | %.3f | %s |\n"
              .formatted(
                  contenders.get(i).name(),
                  wall.median(),
                  wall.min(),
                  wall.max(),
                  peer / wall.median(),
                  timings.get(i).cpu().median(),
                  agreements.get(i)));
    }
    return table.toString();
  }
}
