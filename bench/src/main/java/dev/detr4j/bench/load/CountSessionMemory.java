package dev.detr4j.bench.load;

import dev.detr4j.backend.BackendKind;
import dev.detr4j.bench.ChildJvm;
import dev.detr4j.bench.KeptReport;
import dev.detr4j.parity.GoldenSet;
import dev.detr4j.parity.PublishedFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * Says what the sessions of one detector hold when each has seen several input sizes: first from
 * the plans, in bytes that are allocated, then as the resident memory of a fresh process. The model
 * is DETR with ResNet-50, weights by formula.
 */
@Command(
    name = "session-memory",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = "Counts the memory of several sessions that each have seen several input sizes.")
public final class CountSessionMemory implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Option(
      names = "--sessions",
      defaultValue = "8",
      description = "Sessions of the detector (default: ${DEFAULT-VALUE}).")
  private int sessions;

  @Option(
      names = "--sizes",
      split = ",",
      defaultValue = "1066x800,800x1066,800x800,853x640",
      paramLabel = "WxH",
      description = "Inputs of the network that each session sees (default: ${DEFAULT-VALUE}).")
  private List<String> sizes;

  @Option(
      names = "--backends",
      split = ",",
      defaultValue = "c,vector",
      description = "Default: ${DEFAULT-VALUE}.")
  private List<String> backends;

  @Option(
      names = "--golden",
      defaultValue = "${sys:detr4j.home:-.}/weights/golden",
      paramLabel = "DIR",
      description = "The golden set, whose formulas make the weights (default: ${DEFAULT-VALUE}).")
  private Path golden;

  @Mixin private KeptReport report;

  /** For picocli. */
  public CountSessionMemory() {}

  @Override
  public Integer call() throws IOException, InterruptedException {
    // What is wrong is to be the only line.
    backends.forEach(BackendKind::of);
    for (String size : sizes) {
      if (!size.matches("[1-9]\\d{0,3}x[1-9]\\d{0,3}")) {
        throw new ParameterException(
            spec.commandLine(),
            "--sizes has " + size + ", expected width and height as in 800x600");
      }
    }
    if (sessions < 1) {
      throw new ParameterException(spec.commandLine(), "--sessions must be at least 1");
    }
    PublishedFile published = PublishedFile.DETR;
    report.begin(
        "%d sessions of DETR R50, each with inputs of %s"
            .formatted(sessions, String.join(", ", sizes)));
    report.print("- MiB; resident memory (VmRSS) of a process with one thread for kernels");
    Path folder = Files.createTempDirectory("detr4j-sessions");
    try {
      Path file = published.write(GoldenSet.open(golden).model(published.goldenCase()), folder);
      for (String backend : backends) {
        report.print("");
        report.print("| " + backend + " | MiB |");
        report.print("|---|---|");
        print(ChildJvm.run(PlannedSizes.class, arguments(golden, published.goldenCase(), backend)));
        print(ChildJvm.run(HeldSessions.class, arguments(file, backend, sessions)));
      }
    } finally {
      OpenPublishedFiles.remove(folder);
    }
    report.end("session-memory");
    return 0;
  }

  private void print(String rows) {
    rows.lines().forEach(report::print);
  }

  /** What a child is told, then the sizes. */
  private String[] arguments(Object... first) {
    String[] all = new String[first.length + sizes.size()];
    for (int i = 0; i < all.length; i++) {
      all[i] = i < first.length ? first[i].toString() : sizes.get(i - first.length);
    }
    return all;
  }
}
