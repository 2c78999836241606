package dev.detr4j.bench;

import dev.detr4j.bench.family.FamiliesCommand;
import dev.detr4j.bench.kernel.CompareKernels;
import dev.detr4j.bench.latency.CompareSessions;
import dev.detr4j.bench.latency.MeasureCallers;
import dev.detr4j.bench.latency.MeasureCalls;
import dev.detr4j.bench.load.CountSessionMemory;
import dev.detr4j.bench.load.OpenPublishedFiles;
import dev.detr4j.bench.peer.CompareCommand;
import dev.detr4j.bench.peer.MemoryCommand;
import dev.detr4j.bench.serve.MeasureServer;
import dev.detr4j.bench.start.MeasureStart;
import dev.detr4j.bench.train.MeasureTraining;
import dev.detr4j.error.Detr4jException;
import java.io.IOException;
import java.util.Locale;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * The command {@code detr4j bench}, which the launcher starts. Exit codes are those of detr4j: 0
 * done, 1 something is wrong that one message explains, 2 a command line that cannot be understood.
 */
@Command(
    name = "detr4j bench",
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "BENCHMARK",
    commandListHeading = "%nBenchmarks:%n",
    optionListHeading = "%nOptions:%n",
    description = "Times detr4j, alone and beside its peers.",
    footer = {
      "",
      "Each has a --help. bench/README.md says what is measured, and how models for comparisons are made.",
    },
    subcommands = {
      CompareCommand.class,
      FamiliesCommand.class,
      CompareKernels.class,
      MemoryCommand.class,
      CountSessionMemory.class,
      OpenPublishedFiles.class,
      MeasureCalls.class,
      CompareSessions.class,
      MeasureCallers.class,
      MeasureServer.class,
      MeasureStart.class,
      MeasureTraining.class,
      JmhCommand.Kernels.class,
      JmhCommand.Models.class,
      JmhCommand.Peers.class,
      JmhCommand.Life.class
    })
public final class Bench implements Runnable {
  @Spec private CommandSpec spec;

  Bench() {}

  /** Runs one command and ends the JVM with its exit code. */
  public static void main(String[] arguments) {
    System.setProperty("java.awt.headless", "true");
    // Tables are for programs as much as for people: the same everywhere.
    Locale.setDefault(Locale.ROOT);
    System.exit(commandLine().execute(arguments));
  }

  static CommandLine commandLine() {
    return new CommandLine(new Bench())
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setUsageHelpWidth(100) // where there is no terminal
        .setUsageHelpAutoWidth(true)
        .setParameterExceptionHandler(Bench::misuse)
        .setExecutionExceptionHandler(Bench::report);
  }

  @Override
  public void run() {
    spec.commandLine().usage(spec.commandLine().getOut());
  }

  /** One line, as of the other commands; picocli would print the whole usage. */
  private static int misuse(ParameterException error, String[] arguments) {
    CommandLine command = error.getCommandLine();
    command
        .getErr()
        .printf(
            "error: %s; see %s --help%n",
            error.getMessage(), command.getCommandSpec().qualifiedName());
    return CommandLine.ExitCode.USAGE;
  }

  private static int report(Exception error, CommandLine command, CommandLine.ParseResult parsed)
      throws Exception {
    if (error instanceof Detr4jException
        || error instanceof IOException
        || error instanceof IllegalStateException) {
      command.getErr().println("error: " + error.getMessage());
      return CommandLine.ExitCode.SOFTWARE;
    }
    throw error;
  }
}
