package dev.detr4j.bench.latency;

import dev.detr4j.backend.BackendKind;
import dev.detr4j.bench.ChildJvm;
import dev.detr4j.bench.KeptReport;
import dev.detr4j.model.codes.CodesModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * Puts one detector under load from many callers in a JVM with little memory: how long calls take,
 * whether one fails, what the process holds, and how long other threads of the JVM wait meanwhile.
 */
@Command(
    name = "callers",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description =
        "Puts one detector under load from many threads in a small JVM, beside a heartbeat.")
public final class MeasureCallers implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Option(
      names = "--callers",
      defaultValue = "200",
      description = "Virtual threads (default: ${DEFAULT-VALUE}).")
  private int callers;

  @Option(
      names = "--calls",
      defaultValue = "2000",
      description = "Calls of all of them together (default: ${DEFAULT-VALUE}).")
  private int calls;

  @Option(
      names = "--memory",
      defaultValue = "64m",
      description = "Heap, and memory outside it, of the JVM (default: ${DEFAULT-VALUE}).")
  private String memory;

  @Option(
      names = "--image",
      defaultValue = "${sys:detr4j.home:-.}/docs/pictures/codes.jpg",
      paramLabel = "FILE",
      description = "The image file of every call (default: ${DEFAULT-VALUE}).")
  private Path image;

  @Option(
      names = "--backends",
      split = ",",
      defaultValue = "c,vector",
      description = "Default: ${DEFAULT-VALUE}.")
  private List<String> backends;

  @Mixin private KeptReport report;

  private MeasureCallers() {}

  @Override
  public Integer call() throws IOException, InterruptedException {
    backends.forEach(BackendKind::of);
    if (callers < 1 || calls < callers) {
      throw new ParameterException(
          spec.commandLine(), "--callers must be at least 1, --calls at least as many");
    }
    if (!memory.matches("[1-9]\\d*[kmg]")) {
      throw new ParameterException(
          spec.commandLine(), "--memory is " + memory + ", expected a size such as 64m");
    }
    if (!Files.isRegularFile(image)) {
      throw new ParameterException(
          spec.commandLine(), "--image is " + image + ", expected an image file");
    }
    report.begin("%d calls of %d virtual threads, the default model".formatted(calls, callers));
    report.print(
        "- JVM with -Xmx%s -XX:MaxDirectMemorySize=%s; each call decodes %s"
            .formatted(memory, memory, image.getFileName()));
    report.print(
        "- heartbeat: the most that a thread which sleeps 5 ms at a time woke late, a virtual and a platform thread");
    report.print("- resident: the most that the process held (VmHWM)");
    report.print("");
    report.print(
        "| way | backend | failed | calls/s | p50 ms | p99 ms | longest ms | virtual heartbeat ms | platform heartbeat ms | sessions | resident MiB |");
    report.print("|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|");
    List<String> options = new ArrayList<>();
    options.add("-Xmx" + memory);
    options.add("-XX:MaxDirectMemorySize=" + memory);
    for (String backend : backends) {
      for (ManyCallers.Way way : ManyCallers.Way.values()) {
        report.print(
            ChildJvm.run(
                options,
                ManyCallers.class,
                way.name(),
                CodesModel.folder().toString(),
                backend,
                image.toString(),
                Integer.toString(callers),
                Integer.toString(calls)));
      }
    }
    report.end("callers");
    return 0;
  }
}
