package dev.detr4j.bench.serve;

import dev.detr4j.bench.KeptReport;
import dev.detr4j.model.codes.CodesModel;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * The server of the default model: its throughput beside that of the same sessions without HTTP in
 * the same JVM, in turn; answers and memory under ten times the load that it can take; and what
 * requests get while a fifth of them is hostile.
 */
@Command(
    name = "serve",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = "Puts the server under load, overload and attack.")
public final class MeasureServer implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Option(
      names = "--rounds",
      defaultValue = "9",
      description = "Rounds of direct calls and requests in turn (default: ${DEFAULT-VALUE}).")
  private int rounds;

  @Option(
      names = "--seconds",
      defaultValue = "4",
      description = "Length of each turn (default: ${DEFAULT-VALUE}).")
  private int seconds;

  @Option(
      names = "--warm-up",
      defaultValue = "60",
      description = "Seconds of requests before the first round (default: ${DEFAULT-VALUE}).")
  private int warmUp;

  @Option(
      names = "--sessions",
      defaultValue = "2",
      description = "Images at once (default: ${DEFAULT-VALUE}).")
  private int sessions;

  @Option(
      names = "--queue",
      defaultValue = "20",
      description = "Requests that may wait (default: ${DEFAULT-VALUE}).")
  private int queue;

  @Option(
      names = "--timeout",
      defaultValue = "2000",
      description = "Time of a request in milliseconds (default: ${DEFAULT-VALUE}).")
  private int timeout;

  @Option(
      names = "--requests",
      defaultValue = "10000",
      description = "Requests of the run with attacks (default: ${DEFAULT-VALUE}).")
  private int requests;

  @Option(
      names = "--image",
      defaultValue = "${sys:detr4j.home:-.}/docs/pictures/codes.jpg",
      paramLabel = "FILE",
      description = "The image file of every request (default: ${DEFAULT-VALUE}).")
  private Path image;

  @Option(
      names = "--heap",
      defaultValue = "128m",
      description = "Heap of the server's JVM (default: ${DEFAULT-VALUE}).")
  private String heap;

  @Option(
      names = "--onnx",
      paramLabel = "FILE",
      description =
          "Put ONNX Runtime behind the same server too, with this export of the default model; see bench/README.md.")
  private @Nullable Path onnx;

  @Mixin private KeptReport report;

  private MeasureServer() {}

  @Override
  public Integer call() throws IOException, InterruptedException {
    if (!Files.isRegularFile(image)) {
      throw new ParameterException(
          spec.commandLine(), "--image is " + image + ", expected an image file");
    }
    report.begin("The server under load, the default model");
    report.print(
        "- %d sessions, queue %d, time of a request %d ms, -Xmx%s; each request posts %s (%d KiB) with wrk on the same machine"
            .formatted(
                sessions, queue, timeout, heap, image.getFileName(), Files.size(image) / 1024));
    Path folder = Files.createTempDirectory("detr4j-bench");
    try (Child server = new Child(detr4j())) {
      double capacity = throughput(server, folder);
      if (onnx != null) {
        peer(server, onnx, folder);
      }
      overload(server, folder, capacity);
      attack(server);
    } finally {
      Files.deleteIfExists(folder.resolve("post.lua"));
      Files.deleteIfExists(folder);
    }
    report.end("serve");
    return 0;
  }

  /** Returns images a second served. */
  private double throughput(Child server, Path folder) throws IOException, InterruptedException {
    double[] direct = new double[rounds];
    double[] served = new double[rounds];
    double[] p50 = new double[rounds];
    double[] p99 = new double[rounds];
    // The JVM compiles the way of a request only after thousands of them.
    Wrk.run(folder, image, server.url("/detect"), 2 * sessions, 0, warmUp);
    for (int i = 0; i < rounds; i++) {
      for (int turn = 0; turn < 2; turn++) {
        if ((i + turn) % 2 == 0) {
          double rate = Double.parseDouble(server.ask("direct " + 1000 * seconds));
          direct[i] = rate;
        } else {
          Wrk wrk = Wrk.run(folder, image, server.url("/detect"), 2 * sessions, 0, seconds);
          served[i] = wrk.good();
          p50[i] = wrk.p50();
          p99[i] = wrk.p99();
        }
      }
    }
    server.ask("take");
    double[] ratios = new double[rounds];
    for (int i = 0; i < rounds; i++) {
      ratios[i] = served[i] / direct[i];
    }
    report.print("");
    report.print(
        "%d rounds of %d s each, in turn, after %d s of requests; %d connections. Medians; the ratio is that of each round, with its quartiles."
            .formatted(rounds, seconds, warmUp, 2 * sessions));
    report.print("");
    report.print("| images/s without HTTP | images/s served | ratio | p50 ms | p99 ms |");
    report.print("|---:|---:|---:|---:|---:|");
    report.print(
        String.format(
            Locale.ROOT,
            "| %.1f | %.1f | %.3f (%.3f to %.3f) | %.1f | %.1f |",
            quantile(direct, 0.5),
            quantile(served, 0.5),
            quantile(ratios, 0.5),
            quantile(ratios, 0.25),
            quantile(ratios, 0.75),
            quantile(p50, 0.5),
            quantile(p99, 0.5)));
    return quantile(served, 0.5);
  }

  private List<String> detr4j() {
    return List.of(
        "detr4j",
        CodesModel.folder().toString(),
        image.toString(),
        Integer.toString(sessions),
        Integer.toString(queue),
        Integer.toString(timeout));
  }

  /** The server with detr4j and with ONNX Runtime, in turn. */
  private void peer(Child server, Path model, Path folder)
      throws IOException, InterruptedException {
    report.print("");
    report.print(
        "Behind the same HTTP server, %d images at once, in turn, %d rounds of %d s after %d s of requests; ONNX Runtime with ImageIO and AWT before it. The ratio is detr4j's images/s by the peer's in each round, with its quartiles."
            .formatted(sessions, rounds, seconds, warmUp));
    report.print("");
    report.print(
        "| threads of a peer's operation | images/s detr4j | images/s ONNX Runtime | ratio |");
    report.print("|---:|---:|---:|---:|");
    for (int threads : new int[] {1, 2}) {
      List<String> arguments =
          List.of(
              "onnx",
              model.toString(),
              image.toString(),
              Integer.toString(sessions),
              Integer.toString(threads));
      try (Child other = new Child(arguments)) {
        double[] ours = new double[rounds];
        double[] theirs = new double[rounds];
        double[] ratios = new double[rounds];
        Wrk.run(folder, image, other.url("/detect"), 2 * sessions, 0, warmUp);
        for (int i = 0; i < rounds; i++) {
          for (int turn = 0; turn < 2; turn++) {
            Child of = (i + turn) % 2 == 0 ? server : other;
            double rate =
                Wrk.run(folder, image, of.url("/detect"), 2 * sessions, 0, seconds).good();
            (of == server ? ours : theirs)[i] = rate;
          }
          ratios[i] = ours[i] / theirs[i];
        }
        report.print(
            String.format(
                Locale.ROOT,
                "| %d | %.1f | %.1f | %.2f (%.2f to %.2f) |",
                threads,
                quantile(ours, 0.5),
                quantile(theirs, 0.5),
                quantile(ratios, 0.5),
                quantile(ratios, 0.25),
                quantile(ratios, 0.75)));
      }
    }
    server.ask("take");
  }

  /**
   * Clients that come at a rate: each pauses after its answer. Where they get 503 they are back
   * after the pause, so that their number and the pause give the rate that is offered.
   */
  private void overload(Child server, Path folder, double capacity)
      throws IOException, InterruptedException {
    report.print("");
    report.print(
        "Load that is offered at a rate, in parts of the images/s served above. Times by the server of requests that got 200, and the longest of all.");
    report.print("");
    report.print(
        "| offered | connections | 200/s | statuses | p50 ms | p99 ms | longest ms | resident MiB |");
    report.print("|---:|---:|---:|---|---:|---:|---:|---:|");
    int connections = 10 * (sessions + queue);
    for (double times : new double[] {0.5, 10, 0.5, 10}) {
      double pause = 1000 * connections / (times * capacity);
      Wrk wrk = Wrk.run(folder, image, server.url("/detect"), connections, pause, 5 * seconds);
      Thread.sleep(1_000);
      String[] taken = server.ask("take").split("\\|", -1);
      report.print(
          String.format(
              Locale.ROOT,
              "| %.1f | %d | %.1f | %s | %s | %s | %s | %s |",
              times,
              connections,
              wrk.good(),
              taken[0],
              taken[1],
              taken[2],
              taken[3],
              taken[4]));
    }
  }

  private void attack(Child server) throws IOException, InterruptedException {
    HostileRequests clients = new HostileRequests(server.port(), Files.readAllBytes(image));
    report.print("");
    report.print(
        "%d requests from %d clients, a fifth of them hostile in 14 ways; what the good ones and the hostile ones got."
            .formatted(requests, clientsOfAttack()));
    report.print("");
    report.print("| requests | answers so far | resident MiB |");
    report.print("|---:|---|---:|");
    int parts = 5;
    for (int part = 1; part <= parts; part++) {
      var answers = clients.run(requests / parts, 0.2, clientsOfAttack());
      String[] taken = server.ask("take").split("\\|", -1);
      report.print("| %d | %s | %s |".formatted(part * (requests / parts), answers, taken[4]));
    }
  }

  /**
   * Half of what may be at hand: a hostile client that has left still holds a place for a moment.
   */
  private int clientsOfAttack() {
    return Math.max(1, (sessions + queue) / 2);
  }

  private static double quantile(double[] values, double part) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    return sorted[Math.min(sorted.length - 1, (int) (part * sorted.length))];
  }

  /** The process of the server. */
  private final class Child implements AutoCloseable {
    private final Process process;
    private final BufferedReader answers;
    private final int port;

    Child(List<String> arguments) throws IOException {
      List<String> command = new ArrayList<>();
      command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
      command.addAll(
          List.of(
              "-Xmx" + heap,
              "--add-modules=jdk.incubator.vector",
              "--enable-native-access=ALL-UNNAMED",
              ServerChild.class.getName()));
      command.addAll(arguments);
      ProcessBuilder builder =
          new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
      // Not among the arguments: ONNX Runtime 1.29 dies of a command line of more than 4 KiB.
      builder.environment().put("CLASSPATH", System.getProperty("java.class.path"));
      process = builder.start();
      answers = process.inputReader();
      port = Integer.parseInt(line().replace("port ", ""));
    }

    int port() {
      return port;
    }

    String url(String path) {
      return "http://127.0.0.1:" + port + path;
    }

    String ask(String line) throws IOException {
      Writer commands = process.outputWriter();
      commands.write(line + "\n");
      commands.flush();
      return line();
    }

    private String line() throws IOException {
      String line = answers.readLine();
      if (line == null) {
        throw new IOException(
            "the server's process has ended, with code " + process.onExit().join().exitValue());
      }
      return line;
    }

    /** The process ends at the end of its input. */
    @Override
    public void close() throws IOException {
      process.outputWriter().close();
      try {
        process.waitFor();
      } catch (InterruptedException e) {
        process.destroy();
        Thread.currentThread().interrupt();
      }
    }
  }
}
