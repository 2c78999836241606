package dev.detr4j.bench.family;

import dev.detr4j.bench.peer.ComparisonException;
import dev.detr4j.parity.WholeFile;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import javax.imageio.ImageIO;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Joins tables of {@code compare} to one table and one chart of all families. */
@Command(
    name = "families",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description =
        "Draws published AP over the times that `compare` measured, and prints both as a table.",
    footer = {
      "",
      "Example:",
      "  detr4j bench families bench/results/hf_dfine_nano-20261201-0250.md=ustc-community/dfine-nano-coco",
    })
public final class FamiliesCommand implements Callable<Integer> {
  private static final String PEER = "ONNX Runtime";
  private static final String OURS = "detr4j c";
  private static final String VECTOR = "detr4j vector";

  @Spec private CommandSpec spec;

  @Parameters(
      arity = "1..*",
      paramLabel = "TABLE=NAME",
      description =
          "A table that compare wrote, and the published checkpoint of the same architecture, as weights/models.json names it.")
  private List<String> tables = List.of();

  @Option(
      names = "--picture",
      paramLabel = "OUT.png",
      defaultValue = "docs/pictures/families.png",
      description = "Where the chart is written. Default: ${DEFAULT-VALUE} of this checkout.")
  private Path picture = Path.of("");

  /** For picocli. */
  public FamiliesCommand() {}

  private record Entry(StoredComparison times, PublishedModel model) {}

  @Override
  public Integer call() throws IOException {
    Path home = Path.of(System.getProperty("detr4j.home", ""));
    List<Entry> entries = new ArrayList<>();
    for (String table : tables) {
      int equals = table.lastIndexOf('=');
      if (equals < 1) {
        throw new ParameterException(
            spec.commandLine(), "%s: TABLE=NAME was expected".formatted(table));
      }
      entries.add(
          new Entry(
              StoredComparison.read(Path.of(table.substring(0, equals))),
              PublishedModel.of(table.substring(equals + 1), home.resolve("weights/models.json"))));
    }
    StoredComparison first = entries.getFirst().times;
    for (Entry entry : entries) {
      if (!entry.times.machine().equals(first.machine())
          || entry.times.threads() != first.threads()) {
        throw new ComparisonException(
            "%s: %s with %d threads was expected, as in %s, and found %s with %d"
                .formatted(
                    entry.times.file(),
                    first.machine(),
                    first.threads(),
                    first.file(),
                    entry.times.machine(),
                    entry.times.threads()));
      }
    }
    entries.sort(Comparator.comparingDouble(entry -> entry.times.row(OURS).seconds()));
    Path chart = home.resolve(picture).toAbsolutePath();
    Path folder = chart.getParent();
    if (folder == null || !Files.isDirectory(folder)) {
      throw new ComparisonException(
          "--picture %s: the folder %s does not exist".formatted(picture, folder));
    }
    print(entries);
    write(entries, first, chart);
    return 0;
  }

  private void print(List<Entry> entries) {
    PrintWriter out = spec.commandLine().getOut();
    out.println("| architecture of | input | AP | ONNX Runtime | `c` | `vector` | run |");
    out.println("|---|---|---:|---:|---:|---:|---|");
    for (Entry entry : entries) {
      StoredComparison times = entry.times;
      out.println(
          String.format(
              Locale.ROOT,
              "| %s | %dx%d | %s | %.3f | %s | %s | [%s](%s) |",
              entry.model.name(),
              times.height(),
              times.width(),
              entry.model.ap().isPresent() ? entry.model.ap().getAsDouble() : "",
              times.row(PEER).seconds(),
              withRatio(times.row(OURS)),
              withRatio(times.row(VECTOR)),
              times.time(),
              times.file()));
    }
    out.flush();
  }

  private static String withRatio(StoredComparison.Row row) {
    return String.format(Locale.ROOT, "%.3f (%s)", row.seconds(), row.ratio());
  }

  private static void write(List<Entry> entries, StoredComparison first, Path to)
      throws IOException {
    List<FamiliesPicture.Point> points = new ArrayList<>();
    for (Entry entry : entries) {
      entry
          .model
          .ap()
          .ifPresent(ap ->
              points.add(
                  new FamiliesPicture.Point(
                      entry.model.name().substring(entry.model.name().indexOf('/') + 1),
                      ap,
                      1000 * entry.times.row(OURS).seconds(),
                      1000 * entry.times.row(PEER).seconds())));
    }
    if (points.isEmpty()) {
      throw new ComparisonException("no checkpoint here has an AP on COCO, so there is no chart");
    }
    String foot =
        "fp32, one image, %d threads of %s; a line joins two runtimes on one model"
            .formatted(first.threads(), first.machine());
    ByteArrayOutputStream png = new ByteArrayOutputStream();
    ImageIO.write(FamiliesPicture.draw(points, "detr4j, backend c", PEER, foot), "png", png);
    WholeFile.write(to, channel -> WholeFile.fully(channel, ByteBuffer.wrap(png.toByteArray())));
  }
}
