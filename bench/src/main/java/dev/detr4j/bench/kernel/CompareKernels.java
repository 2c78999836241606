package dev.detr4j.bench.kernel;

import dev.detr4j.bench.peer.Circumstances;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.EnumSet;
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
 * Compares kernels with peers, round by round, and writes Markdown tables.
 *
 * <p>Ours run in this process, PyTorch in a child that times itself, the scalar C in a library that
 * is compiled for the occasion. All get the same inputs by formula and the same number of threads
 * (the scalar C has one), and outputs are compared before anything is timed.
 */
@Command(
    name = "compare-kernels",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Times detr4j's kernels beside PyTorch, oneDNN, plain C and the peak of this machine, interleaved."
    })
public final class CompareKernels implements Callable<Integer> {
  private static final String NAMES = "<backends>";

  @Spec private CommandSpec spec;

  @Option(
      names = "--targets",
      split = ",",
      defaultValue = "deformable-attention,convolutions,linear-layers,soft-nms",
      paramLabel = "NAME",
      description = "What to compare (default: all of ${COMPLETION-CANDIDATES}).")
  private List<Target> targets = List.of();

  @Option(
      names = "--backends",
      split = ",",
      defaultValue = "c,vector",
      paramLabel = "KIND",
      description = "detr4j backends (default: ${DEFAULT-VALUE}).")
  private List<String> backends = List.of();

  @Option(
      names = "--threads",
      split = ",",
      defaultValue = "1,2",
      paramLabel = "N",
      description = "Threads; several make several sections (default: ${DEFAULT-VALUE}).")
  private List<Integer> threads = List.of();

  @Option(
      names = "--peers",
      split = ",",
      defaultValue = "torch,c",
      paramLabel = "PEER",
      description =
          "torch for deformable-attention and convolutions, c for soft-nms, or none (default: ${DEFAULT-VALUE}).")
  private List<String> peers = List.of();

  @Option(
      names = "--python",
      defaultValue = "python3",
      paramLabel = "FILE",
      description = "An interpreter with PyTorch and transformers (default: ${DEFAULT-VALUE}).")
  private String python = "";

  @Option(
      names = "--cc",
      defaultValue = "cc",
      paramLabel = "FILE",
      description = "The C compiler of the scalar peer (default: ${DEFAULT-VALUE}).")
  private String compiler = "";

  @Option(
      names = "--warm-up",
      defaultValue = "1000",
      paramLabel = "MS",
      description = "Milliseconds each contender runs ahead of a case (default: ${DEFAULT-VALUE}).")
  private int warmUpMillis;

  @Option(
      names = "--rounds",
      defaultValue = "11",
      description = "Rounds that are counted (default: ${DEFAULT-VALUE}).")
  private int rounds;

  @Option(
      names = "--turn",
      defaultValue = "30",
      paramLabel = "MS",
      description =
          "Milliseconds a turn takes at least: short work is repeated (default: ${DEFAULT-VALUE}).")
  private int turnMillis;

  @Option(
      names = "--pause",
      defaultValue = "30",
      paramLabel = "MS",
      description = "Milliseconds of rest ahead of each turn (default: ${DEFAULT-VALUE}).")
  private int pauseMillis;

  @Option(
      names = "--size",
      defaultValue = "REAL",
      description = "SMALL to see that everything runs; its times mean nothing.")
  private CaseSize size;

  @Option(
      names = "--folder",
      defaultValue = "${sys:detr4j.home:-.}/bench",
      paramLabel = "DIR",
      description = "This module, with peers/ (default: ${DEFAULT-VALUE}).")
  private Path folder;

  @Option(
      names = "--results",
      paramLabel = "DIR",
      description = "Where the tables are written (default: results/ of the folder).")
  private @Nullable Path results;

  /** Runs the comparison; exits with 2 for a wrong command line and 1 for anything else amiss. */
  public static void main(String[] args) {
    System.exit(commandLine().execute(args));
  }

  static CommandLine commandLine() {
    CommandLine line =
        new CommandLine(new CompareKernels()).setCaseInsensitiveEnumValuesAllowed(true);
    return line.setExecutionExceptionHandler((e, command, parsed) -> {
      command.getErr().println("error: " + e.getMessage());
      return 1;
    });
  }

  @Override
  public Integer call() throws IOException {
    if (rounds < 1
        || warmUpMillis < 0
        || turnMillis < 0
        || pauseMillis < 0
        || threads.stream().anyMatch(n -> n < 1)) {
      throw new ParameterException(
          spec.commandLine(), "--rounds and --threads must be at least 1, milliseconds at least 0");
    }
    for (String backend : backends) {
      if (!List.of("c", "vector", "reference").contains(backend)) {
        throw new ParameterException(
            spec.commandLine(), "--backends is " + backend + ", expected c, vector or reference");
      }
    }
    for (String peer : peers) {
      if (!List.of("torch", "c", "none").contains(peer)) {
        throw new ParameterException(
            spec.commandLine(), "--peers is " + peer + ", expected torch, c or none");
      }
    }
    EnumSet<Target> wanted = EnumSet.copyOf(targets);
    boolean needsTorch =
        wanted.contains(Target.DEFORMABLE_ATTENTION) || wanted.contains(Target.CONVOLUTIONS);
    TorchPeer torch = null;
    ScalarSoftNms scalar = null;
    try {
      if (peers.contains("torch") && needsTorch) {
        torch = new TorchPeer(python, folder.resolve("peers/python/time_kernels.py"));
      }
      if (peers.contains("c") && wanted.contains(Target.SOFT_NMS)) {
        scalar = new ScalarSoftNms(compiler, folder.resolve("peers/c/soft_nms.c"));
      }
      write(compare(wanted, torch, scalar));
      return 0;
    } finally {
      if (torch != null) {
        torch.close();
      }
      if (scalar != null) {
        scalar.close();
      }
    }
  }

  private String compare(
      EnumSet<Target> wanted, @Nullable TorchPeer torch, @Nullable ScalarSoftNms scalar) {
    KernelComparison.Settings settings =
        new KernelComparison.Settings(
            wanted, backends, size, warmUpMillis, rounds, turnMillis, pauseMillis);
    KernelComparison comparison =
        new KernelComparison(
            settings, torch, scalar, line -> spec.commandLine().getErr().println(line));
    String begun = head(torch, scalar);
    List<KernelResult> all = new ArrayList<>();
    List<String> sections = new ArrayList<>();
    List<String> names = List.of();
    for (int n : threads.stream().distinct().toList()) {
      String before = Circumstances.load();
      KernelComparison.Outcome outcome = comparison.run(n);
      names = outcome.backends();
      all.addAll(outcome.results());
      KernelReport report = new KernelReport(backends, outcome.results());
      StringBuilder section =
          new StringBuilder("## %s\n\n".formatted(n == 1 ? "1 thread" : n + " threads"));
      for (Target target : wanted) {
        section.append(report.cases(target, n));
      }
      outcome.remarks().forEach(remark -> section.append("- ").append(remark).append('\n'));
      sections.add(
          section
              .append(
                  "- load averages %s before, %s after\n".formatted(before, Circumstances.load()))
              .toString());
    }
    return begun.replace(NAMES, String.join(", ", names))
        + new KernelReport(backends, all).targets()
        + "\n"
        + String.join("\n", sections);
  }

  /** What holds at the beginning; in the place of {@link #NAMES}, what turns out later. */
  private String head(@Nullable TorchPeer torch, @Nullable ScalarSoftNms scalar) {
    return """
    # Kernels against peers%s

    - machine: %s
    - JDK: %s
    - commit: %s
    - taken: %s
    - detr4j: %s
    - peers: %s; %s
    - %d rounds after at least %d ms of warm-up each, interleaved, %d ms of rest ahead of each turn, turns of at least %d ms
    - ratios are peer time / our time, medians; times are medians [fastest, slowest] of one run, spread is slowest - fastest by the median
    - oneDNN: eager is PyTorch's conv2d on channels_last, packed has the weights in oneDNN's layout beforehand as ours have; the faster counts
    - grid_sample: whole starts from the same inputs as ours, core from sampling locations and weights made beforehand; whole counts
    - scalar C: skipping leaves the exponential out where boxes do not meet; without it counts

    """
        .formatted(
            size == CaseSize.SMALL ? " (small cases: the times mean nothing)" : "",
            Circumstances.machine(),
            Circumstances.java(),
            Circumstances.commit(),
            OffsetDateTime.now(ZoneOffset.UTC)
                .format(DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm 'UTC'", Locale.ROOT)),
            NAMES,
            torch == null ? "no PyTorch" : torch.versions(),
            scalar == null ? "no scalar C" : scalar.words(),
            rounds,
            warmUpMillis,
            pauseMillis,
            turnMillis);
  }

  private void write(String report) throws IOException {
    spec.commandLine().getOut().print(report);
    spec.commandLine().getOut().flush();
    Path into = results == null ? folder.resolve("results") : results;
    Files.createDirectories(into);
    Path file =
        into.resolve(
            "kernels-%s.md"
                .formatted(
                    OffsetDateTime.now(ZoneOffset.UTC)
                        .format(DateTimeFormatter.ofPattern("yyyyMMdd-HHmm", Locale.ROOT))));
    Files.writeString(file, report);
    spec.commandLine().getErr().println("written to " + file);
  }
}
