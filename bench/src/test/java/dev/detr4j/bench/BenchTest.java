package dev.detr4j.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class BenchTest {
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @Test
  void aloneItListsWhatThereIs() {
    assertEquals(0, run());
    for (String benchmark :
        List.of(
            "compare",
            "families",
            "compare-kernels",
            "memory",
            "open",
            "calls",
            "sessions",
            "start",
            "train-step",
            "kernels",
            "models",
            "peers",
            "life")) {
      assertTrue(out.toString().contains("\n  " + benchmark), out.toString());
    }
  }

  @Test
  void compareIsACommandAndAnOption(@TempDir Path empty) {
    for (String compare : List.of("compare", "--compare")) {
      assertEquals(1, run(compare, "--models", empty.toString()));
      assertTrue(
          err.toString()
              .contains("python bench/peers/python/make_models.py " + empty.toAbsolutePath()),
          err.toString());
      err.getBuffer().setLength(0);
    }
  }

  @Test
  void whatCannotBeIsRefused(@TempDir Path empty) {
    assertEquals(2, run("compare", "--rounds", "0"));
    assertEquals(2, run("compare", "--peers", "none", "--backends", "none"));
    assertEquals(1, run("compare", "--peers", "tensorflow"));
    assertTrue(
        err.toString()
            .contains(
                "peer is \"tensorflow\", expected none or some of onnxruntime, torch, torch-bf16, djl"),
        err.toString());
    assertEquals(2, run("calls", "--calls", "1"));
    assertEquals(2, run("calls", "--threads", "0"));
    assertEquals(2, run("calls", "--size", "wide"));
    assertEquals(2, run("sessions", "--rounds", "0"));
    assertEquals(2, run("nothing"));
    err.getBuffer().setLength(0);
    assertEquals(2, run("session-memory", "--sizes", "wide"));
    assertEquals(
        "error: --sizes has wide, expected width and height as in 800x600; see detr4j bench session-memory --help",
        err.toString().strip());
  }

  @Test
  void aWrongBackendIsTheOnlyLine() {
    for (String benchmark : List.of("calls", "sessions")) {
      assertEquals(1, run(benchmark, "--backends", "c,gpu"));
    }
    assertEquals(1, run("open", "--backend", "gpu"));
    assertEquals("", out.toString());
    assertEquals(3, err.toString().lines().count(), err.toString());
  }

  @Test
  void reportsAreKeptInAFolder(@TempDir Path empty) throws IOException {
    Path results = empty.resolve("made/if/need/be");
    assertEquals(
        0,
        run(
            "calls",
            "--backends=vector",
            "--threads=1",
            "--calls=2",
            "--warm-up=0",
            "--size=64x48",
            "--results",
            results.toString()),
        err.toString());
    try (Stream<Path> kept = Files.list(results)) {
      List<Path> files = kept.toList();
      assertEquals(1, files.size());
      assertTrue(
          files.getFirst().getFileName().toString().matches("calls-small-\\d{8}-\\d{4}\\.md"));
      assertEquals(out.toString(), Files.readString(files.getFirst()));
    }
  }

  @Test
  void aReportThatCannotBeKeptIsToldBeforeMeasuring(@TempDir Path empty) throws IOException {
    Path file = Files.writeString(empty.resolve("file"), "");
    for (String benchmark : List.of("calls", "sessions", "open", "start")) {
      assertEquals(1, run(benchmark, "--results", file.toString()));
    }
    assertEquals("", out.toString());
    assertEquals(
        4, err.toString().lines().filter(line -> line.contains("--results " + file)).count());
  }

  @Test
  void jmhTakesItsArgumentsAsTheyAre() {
    String others = "^(?!dev\\.detr4j\\.bench\\.kernel\\.)";
    assertEquals(
        List.of("linear", "-p", "backend=c", "-prof", "gc", "-e", others),
        jmh("linear", "-p", "backend=c", "-prof", "gc"));
    String kernels = "^dev\\.detr4j\\.bench\\.kernel\\.";
    assertEquals(List.of(kernels, "-l", "-e", others), jmh("-l"));
    assertEquals(List.of(kernels, "-h", "-e", others), jmh("-h"));
  }

  private static List<String> jmh(String... arguments) {
    CommandLine bench = Bench.commandLine();
    bench.parseArgs(
        Stream.concat(Stream.of("kernels"), Stream.of(arguments)).toArray(String[]::new));
    return ((JmhCommand) bench.getSubcommands().get("kernels").getCommand()).arguments();
  }

  private int run(String... arguments) {
    return Bench.commandLine()
        .setOut(new PrintWriter(out, true))
        .setErr(new PrintWriter(err, true))
        .execute(arguments);
  }
}
