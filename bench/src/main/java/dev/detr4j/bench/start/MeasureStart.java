package dev.detr4j.bench.start;

import dev.detr4j.bench.KeptReport;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import javax.imageio.ImageIO;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * Times the launcher from its start to the first detections on standard output and to its end: with
 * the start cache, without, and with the Vector API, beside which there is no cache; in turn, each
 * run a process.
 */
@Command(
    name = "start",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = "Times ./detr4j detect from its start to the first detections.")
public final class MeasureStart implements Callable<Integer> {
  private static final String CACHED = "with the start cache";

  /** What is compared, and the environment that makes the launcher do it. */
  private static final Map<String, Map<String, String>> WAYS =
      Map.of(
          CACHED,
          Map.of(),
          "without",
          Map.of("DETR4J_AOT", "off"),
          "without, with the Vector API",
          Map.of("DETR4J_AOT", "off", "DETR4J_START", "vector"));

  @Option(
      names = "--launcher",
      defaultValue = "./detr4j",
      description = "Default: ${DEFAULT-VALUE}.")
  private Path launcher;

  @Option(names = "--model", description = "Default: the one that detect takes when none is given.")
  private @Nullable String model;

  @Option(
      names = "--runs",
      defaultValue = "15",
      description = "Processes of each kind (default: ${DEFAULT-VALUE}).")
  private int runs;

  @Mixin private KeptReport report;

  private MeasureStart() {}

  /**
   * Seconds of one process.
   *
   * @param first until the first byte on standard output
   * @param end until its end
   */
  record Run(double first, double end) {}

  @Override
  public Integer call() throws IOException, InterruptedException {
    report.begin("From the command to the first detections");
    report.print("- start cache: " + cacheState());
    report.print(
        "- model: %s; an image of 640x480 pixels; %d processes of each kind, in turn"
            .formatted(
                model == null ? "the one that detect takes when none is given" : model, runs));
    report.print("- seconds from starting the launcher; the median, and the quartiles around it");
    report.print("");
    report.print("| | first detections | end of the process |");
    report.print("|---|---|---|");
    Path image = Files.createTempFile("detr4j-start", ".png");
    try {
      ImageIO.write(picture(), "png", image.toFile());
      List<String> ways = WAYS.keySet().stream().sorted().toList();
      List<List<Run>> all = new ArrayList<>();
      for (String way : ways) {
        all.add(new ArrayList<>());
        run(way, image);
      }
      for (int round = 0; round < runs; round++) {
        for (int turn = 0; turn < ways.size(); turn++) {
          int index = (round + turn) % ways.size();
          all.get(index).add(run(ways.get(index), image));
        }
      }
      for (int i = 0; i < ways.size(); i++) {
        List<Run> times = all.get(i);
        report.print(
            "| %s | %s | %s |"
                .formatted(
                    ways.get(i),
                    spread(times.stream().mapToDouble(Run::first).toArray()),
                    spread(times.stream().mapToDouble(Run::end).toArray())));
      }
    } finally {
      Files.delete(image);
    }
    report.end("start");
    return 0;
  }

  /** What the launcher says of its cache; asking twice gives it time to make one. */
  private String cacheState() throws IOException, InterruptedException {
    String state = "unknown";
    for (int attempt = 0; attempt < 60; attempt++) {
      state =
          output("info")
              .lines()
              .filter(line -> line.strip().startsWith("start cache"))
              .map(line -> line.strip().replaceFirst("start cache *", ""))
              .findFirst()
              .orElse("unknown");
      if (state.startsWith("none")) {
        output("--version");
      } else if (!state.contains("being made")) {
        return state;
      }
      Thread.sleep(1000);
    }
    return state;
  }

  private String output(String argument) throws IOException, InterruptedException {
    ProcessBuilder builder =
        new ProcessBuilder(launcher.toAbsolutePath().toString(), argument)
            .redirectError(ProcessBuilder.Redirect.INHERIT);
    withoutSettings(builder);
    Process process = builder.start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    process.waitFor();
    return output;
  }

  /** What is measured is what a user gets who has set nothing. */
  private static void withoutSettings(ProcessBuilder builder) {
    builder.environment().keySet().removeIf(name -> name.startsWith("DETR4J_"));
  }

  private Run run(String way, Path image) throws IOException, InterruptedException {
    List<String> command =
        new ArrayList<>(
            List.of(
                launcher.toAbsolutePath().toString(), "detect", image.toString(), "--threshold=0"));
    if (model != null) {
      command.addAll(List.of("--model", model));
    }
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD);
    withoutSettings(builder);
    builder.environment().putAll(WAYS.getOrDefault(way, Map.of()));
    long start = System.nanoTime();
    Process process = builder.start();
    try (InputStream out = process.getInputStream()) {
      int first = out.read();
      double seconds = (System.nanoTime() - start) / 1e9;
      out.transferTo(OutputStream.nullOutputStream());
      int exit = process.waitFor();
      if (first < 0 || exit != 0) {
        throw new IOException(String.join(" ", command) + " failed with exit code " + exit);
      }
      return new Run(seconds, (System.nanoTime() - start) / 1e9);
    }
  }

  private static BufferedImage picture() {
    BufferedImage picture = new BufferedImage(640, 480, BufferedImage.TYPE_INT_RGB);
    for (int y = 0; y < 480; y++) {
      for (int x = 0; x < 640; x++) {
        picture.setRGB(x, y, (x * 255 / 640) << 16 | (y * 255 / 480) << 8 | 90);
      }
    }
    return picture;
  }

  /** The median, and the quartiles in brackets. */
  static String spread(double[] seconds) {
    double[] sorted = seconds.clone();
    Arrays.sort(sorted);
    return String.format(
        Locale.ROOT,
        "%.2f (%.2f to %.2f)",
        quantile(sorted, 0.5),
        quantile(sorted, 0.25),
        quantile(sorted, 0.75));
  }

  /** Between the two nearest ranks. */
  private static double quantile(double[] sorted, double part) {
    double rank = part * (sorted.length - 1);
    int below = (int) rank;
    int above = Math.min(below + 1, sorted.length - 1);
    return sorted[below] + (rank - below) * (sorted[above] - sorted[below]);
  }
}
