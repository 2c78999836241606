package dev.detr4j.bench.latency;

import dev.detr4j.bench.KeptReport;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * Do sessions of one thread in one JVM scale like processes? Compares the calls a second of one
 * session, of several sessions in one JVM, and of as many JVMs with one session each, in turn and
 * over several rounds; those that do not run wait for a line on standard input.
 */
@Command(
    name = "sessions",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = "Compares sessions in one JVM with JVMs of one session.")
public final class CompareSessions implements Callable<Integer> {
  @Option(
      names = "--sessions",
      defaultValue = "2",
      description = "Sessions, or processes (default: ${DEFAULT-VALUE}); no more than processors.")
  private int sessions;

  @Option(
      names = "--rounds",
      defaultValue = "7",
      description = "Rounds, of which medians are shown (default: ${DEFAULT-VALUE}).")
  private int rounds;

  @Option(
      names = "--millis",
      defaultValue = "2000",
      description = "Length of each turn (default: ${DEFAULT-VALUE}).")
  private int millis;

  @Mixin private KeptReport report;

  @Mixin private CalledModel called;

  private CompareSessions() {}

  @Override
  public Integer call() throws IOException {
    called.check();
    called.require(
        sessions >= 1 && rounds >= 1 && millis >= 1,
        "--sessions, --rounds and --millis must be at least 1");
    report.begin("%d sessions of one thread, %s".formatted(sessions, called));
    report.print(
        "- calls a second, medians of %d rounds of %d ms; ratios are medians of those of each round"
            .formatted(rounds, millis));
    report.print("");
    report.print(
        "| backend | 1 session | %1$d sessions, 1 JVM | 1 session each, %1$d JVMs | sessions / one | JVMs / one | sessions / JVMs (least to most) |"
            .formatted(sessions));
    report.print("|---|---|---|---|---|---|---|");
    for (String backend : called.backends()) {
      report.print(row(backend));
    }
    report.end("sessions-" + called.word());
    return 0;
  }

  private String row(String backend) throws IOException {
    List<Child> children = new ArrayList<>();
    try {
      Child several = start(backend, sessions, children);
      List<Child> single = new ArrayList<>();
      for (int i = 0; i < sessions; i++) {
        single.add(start(backend, 1, children));
      }
      double[] one = new double[rounds];
      double[] inOneJvm = new double[rounds];
      double[] inMany = new double[rounds];
      for (int round = 0; round < rounds; round++) {
        for (int turn = 0; turn < 3; turn++) {
          switch ((round + turn) % 3) {
            case 0 -> one[round] = rate(List.of(single.get(round % sessions)));
            case 1 -> inOneJvm[round] = rate(List.of(several));
            default -> inMany[round] = rate(single);
          }
        }
      }
      double[] ratios = quotients(inOneJvm, inMany);
      return String.format(
          Locale.ROOT,
          "| %s | %.2f | %.2f | %.2f | %.2f | %.2f | %.3f (%.3f to %.3f) |",
          backend,
          median(one),
          median(inOneJvm),
          median(inMany),
          median(quotients(inOneJvm, one)),
          median(quotients(inMany, one)),
          median(ratios),
          Arrays.stream(ratios).min().orElse(0),
          Arrays.stream(ratios).max().orElse(0));
    } finally {
      children.forEach(Child::close);
    }
  }

  private double rate(List<Child> children) throws IOException {
    for (Child child : children) {
      child.send(Integer.toString(millis));
    }
    double sum = 0;
    for (Child child : children) {
      sum += Double.parseDouble(child.line());
    }
    return sum;
  }

  private Child start(String backend, int count, List<Child> children) throws IOException {
    Child child =
        new Child(
            new ProcessBuilder(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "-XX:+UseSerialGC",
                    "--add-modules=jdk.incubator.vector",
                    "--enable-native-access=ALL-UNNAMED",
                    "-cp",
                    System.getProperty("java.class.path"),
                    SessionLoop.class.getName(),
                    called.model(),
                    backend,
                    called.size(),
                    Integer.toString(count))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start());
    children.add(child);
    String answer = child.line();
    if (!answer.equals("ready")) {
      throw new IOException("a process said " + answer + ", expected that it is ready");
    }
    return child;
  }

  /** A process that answers each line with a line. */
  private static final class Child implements AutoCloseable {
    private final Process process;
    private final BufferedReader answers;

    Child(Process process) {
      this.process = process;
      this.answers = process.inputReader();
    }

    void send(String line) throws IOException {
      var commands = process.outputWriter();
      commands.write(line + "\n");
      commands.flush();
    }

    String line() throws IOException {
      String line = answers.readLine();
      if (line == null) {
        throw new IOException("a process of the comparison has ended");
      }
      return line;
    }

    /** The process ends at the end of its input. */
    @Override
    public void close() {
      try {
        process.outputWriter().close();
        process.waitFor();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        process.destroy();
      }
    }
  }

  static double[] quotients(double[] of, double[] by) {
    double[] quotients = new double[of.length];
    for (int i = 0; i < of.length; i++) {
      quotients[i] = of[i] / by[i];
    }
    return quotients;
  }

  static double median(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    int middle = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }
}
