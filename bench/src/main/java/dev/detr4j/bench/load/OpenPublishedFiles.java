package dev.detr4j.bench.load;

import dev.detr4j.backend.BackendKind;
import dev.detr4j.bench.ChildJvm;
import dev.detr4j.bench.KeptReport;
import dev.detr4j.parity.GoldenSet;
import dev.detr4j.parity.PublishedFile;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * Writes a full-size checkpoint of each project in the project's own container, weights by formula,
 * and prints how long opening it takes from the page cache and how much resident memory that adds,
 * in multiples of the file. Each run is a JVM of its own, which opens the file a second time.
 */
@Command(
    name = "open",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = "Times the opening of each project's checkpoints, and counts resident memory.")
public final class OpenPublishedFiles implements Callable<Integer> {
  @Option(
      names = "--files",
      split = ",",
      paramLabel = "NAME",
      description = "Which files: ${COMPLETION-CANDIDATES} (default: all).")
  private List<PublishedFile> files = Arrays.asList(PublishedFile.values());

  @Option(
      names = "--backend",
      defaultValue = "c",
      paramLabel = "KIND",
      description = "The backend that packs the weights (default: ${DEFAULT-VALUE}).")
  private String backend;

  @Option(
      names = "--threads",
      defaultValue = "2",
      description = "Threads of the detector (default: ${DEFAULT-VALUE}).")
  private int threads;

  @Option(
      names = "--runs",
      defaultValue = "5",
      description = "Processes for each file; medians are shown (default: ${DEFAULT-VALUE}).")
  private int runs;

  @Option(
      names = "--golden",
      defaultValue = "${sys:detr4j.home:-.}/weights/golden",
      paramLabel = "DIR",
      description = "The golden set, whose formulas make the weights (default: ${DEFAULT-VALUE}).")
  private Path golden;

  @Option(
      names = "--folder",
      paramLabel = "DIR",
      description =
          "Where the files of 160 MB each are written one at a time, and removed again (default: a temporary folder).")
  private @Nullable Path folder;

  @Mixin private KeptReport report;

  /** For picocli. */
  public OpenPublishedFiles() {}

  @Override
  public Integer call() throws Exception {
    BackendKind.of(backend); // A wrong name is to be the only line.
    report.begin("Opening a checkpoint, backend %s, %d threads".formatted(backend, threads));
    report.print("- medians of %d processes; times from the page cache".formatted(runs));
    report.print("");
    report.print(
        "| file | MiB | open | resident / file | first detections | resident / file | again: open | resident / file"
            + " | first detections | resident / file |");
    report.print("|---|---|---|---|---|---|---|---|---|---|");
    GoldenSet set = GoldenSet.open(golden);
    for (PublishedFile published : files) {
      report.print(row(published, set));
    }
    report.end("open-" + backend);
    return 0;
  }

  private String row(PublishedFile published, GoldenSet set)
      throws IOException, InterruptedException {
    Path place =
        folder == null
            ? Files.createTempDirectory("detr4j-open")
            : Files.createDirectories(folder.resolve(published.name()));
    try {
      Path file = published.write(set.model(published.goldenCase()), place);
      try (InputStream in = Files.newInputStream(file)) {
        in.transferTo(OutputStream.nullOutputStream());
      }
      List<OpenTwice.Figures> first = new ArrayList<>();
      List<OpenTwice.Figures> again = new ArrayList<>();
      for (int run = 0; run < runs; run++) {
        List<OpenTwice.Figures> both = inChild(file);
        first.add(both.get(0));
        again.add(both.get(1));
      }
      double bytes = Files.size(file);
      return String.format(
          Locale.ROOT,
          "| %s | %.0f | %s | %s |",
          file.getFileName(),
          bytes / (1 << 20),
          cells(first, bytes),
          cells(again, bytes));
    } finally {
      remove(place);
    }
  }

  private static String cells(List<OpenTwice.Figures> figures, double bytes) {
    return String.format(
        Locale.ROOT,
        "%.2f s | %.2f | %.2f s | %.2f",
        median(figures, OpenTwice.Figures::open),
        median(figures, OpenTwice.Figures::openBytes) / bytes,
        median(figures, OpenTwice.Figures::ready),
        median(figures, OpenTwice.Figures::readyBytes) / bytes);
  }

  private List<OpenTwice.Figures> inChild(Path file) throws IOException, InterruptedException {
    String output =
        ChildJvm.run(OpenTwice.class, file.toString(), backend, Integer.toString(threads));
    List<OpenTwice.Figures> figures = output.lines().map(OpenTwice.Figures::parse).toList();
    if (figures.size() != 2) {
      throw new IOException("opening " + file + " in a process of its own failed");
    }
    return figures;
  }

  static double median(
      List<OpenTwice.Figures> figures, ToDoubleFunction<OpenTwice.Figures> figure) {
    double[] sorted = figures.stream().mapToDouble(figure).sorted().toArray();
    int middle = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }

  /** The folder was made here and has no subfolders. */
  static void remove(Path place) throws IOException {
    try (var written = Files.list(place)) {
      for (Path file : written.toList()) {
        Files.delete(file);
      }
    }
    Files.delete(place);
  }
}
