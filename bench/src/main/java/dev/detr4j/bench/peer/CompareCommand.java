package dev.detr4j.bench.peer;

import dev.detr4j.bench.peer.ComparisonReport.Group;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import javax.imageio.ImageIO;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * Compares the execution of models by detr4j's backends and by other runtimes, and writes for each
 * a Markdown table and a chart.
 *
 * <p>Like for like: every contender starts from the same normalised pixels in memory and ends with
 * logits and boxes in memory; neither decodes, resizes or selects boxes. All run interleaved, with
 * the same number of threads. Before anything is timed, outputs are compared, and a contender that
 * computes something else ends the comparison.
 */
@Command(
    name = "compare",
    aliases = "--compare",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description =
        "Times whole models in detr4j and in other runtimes, on the same weights and input, interleaved.",
    footer = {
      "",
      "Examples:",
      "  detr4j bench compare --models ~/detr4j-models",
      "  detr4j bench compare -m ~/detr4j-models/detr-resnet-50 --peers onnxruntime,torch --python ~/venv/bin/python",
      "",
      "bench/README.md says how the models are made and what is compared."
    })
public final class CompareCommand implements Callable<Integer> {
  private static final List<String> TARGETS =
      List.of(
          "detr-resnet-50",
          "deformable-detr-with-box-refine-two-stage",
          "deformable-detr-convnext-v2-tiny");

  @Spec private CommandSpec spec;

  @Mixin private ComparisonOptions options;

  @Option(
      names = "--threads",
      split = ",",
      defaultValue = "1,2",
      paramLabel = "N",
      description = "Threads of every contender, a table for each. Default: ${DEFAULT-VALUE}.")
  private List<Integer> threads = List.of();

  @Option(
      names = "--warm-up",
      defaultValue = "3",
      paramLabel = "N",
      description = "Rounds that are not counted. Default: ${DEFAULT-VALUE}.")
  private int warmUp;

  @Option(
      names = "--rounds",
      defaultValue = "11",
      paramLabel = "N",
      description = "Rounds that are counted. Default: ${DEFAULT-VALUE}.")
  private int rounds;

  @Option(
      names = "--pause",
      defaultValue = "100",
      paramLabel = "MS",
      description = "Milliseconds of rest ahead of each run. Default: ${DEFAULT-VALUE}.")
  private int pauseMillis;

  @Option(
      names = "--tolerance",
      defaultValue = "2e-3",
      paramLabel = "X",
      description =
          "Largest accepted difference of a logit, and of a box in parts of the image. Default: ${DEFAULT-VALUE}.")
  private float tolerance;

  /** For picocli. */
  public CompareCommand() {}

  @Override
  public Integer call() throws IOException {
    check(rounds >= 1 && warmUp >= 0, "--rounds must be at least 1 and --warm-up at least 0");
    check(pauseMillis >= 0, "--pause must be at least 0");
    check(
        !threads.isEmpty() && threads.stream().allMatch(n -> n >= 1),
        "--threads must be at least 1");
    check(
        options.peers().size() + options.backends().size() > 0,
        "--peers none and --backends none leave nothing to time");
    PrintWriter out = spec.commandLine().getOut();
    PrintWriter err = spec.commandLine().getErr();
    for (ModelFolder model : options.models(TARGETS)) {
      ComparisonReport report = compare(model, err);
      String name = report.model() + "-" + stamp(report.taken());
      Path picture = options.results().resolve(name + ".png");
      Path table = options.results().resolve(name + ".md");
      Files.createDirectories(options.results());
      String text = ComparisonMarkdown.of(report, String.valueOf(picture.getFileName()));
      ImageIO.write(ComparisonPicture.draw(report), "png", picture.toFile());
      Files.writeString(table, text);
      out.println(text);
      out.flush();
      err.println("written to " + table + " and " + picture);
      err.flush();
    }
    return 0;
  }

  private ComparisonReport compare(ModelFolder model, PrintWriter err) {
    FormulaPixels pixels = options.pixels(model);
    OffsetDateTime taken = OffsetDateTime.now(ZoneOffset.UTC);
    ComparisonReport.Place place = ComparisonReport.Place.here();
    ModelComparison comparison =
        new ModelComparison(new InterleavedRounds(warmUp, rounds, pauseMillis), tolerance);
    List<Group> groups = new ArrayList<>();
    for (int n : threads) {
      err.println(
          "%s, %d x %d, threads: %d".formatted(model.name(), pixels.height(), pixels.width(), n));
      err.flush();
      groups.add(
          comparison.run(
              n,
              ModelComparison.entries(
                  model, options.peers(), options.backends(), n, pixels, options.tools())));
    }
    return new ComparisonReport(
        model.name(),
        pixels.height(),
        pixels.width(),
        place,
        taken,
        "%d rounds after %d of warm-up, interleaved, %d ms of rest ahead of each run"
            .formatted(rounds, warmUp, pauseMillis),
        groups);
  }

  static String stamp(OffsetDateTime taken) {
    return taken.format(DateTimeFormatter.ofPattern("yyyyMMdd-HHmm", Locale.ROOT));
  }

  private void check(boolean holds, String otherwise) {
    if (!holds) {
      throw new ParameterException(spec.commandLine(), otherwise);
    }
  }
}
