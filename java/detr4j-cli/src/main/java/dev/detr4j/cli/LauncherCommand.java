package dev.detr4j.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * A command that the launcher carries out before there is any Java. It is here to be listed,
 * described and suggested, and to say where it is when there was no launcher.
 */
abstract sealed class LauncherCommand implements Runnable {
  @Spec private CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(
        spec.commandLine(),
        "%s is a command of the launcher; run ./detr4j %s".formatted(spec.name(), spec.name()));
  }

  /** The launcher's own build. */
  @Command(
      name = "build",
      customSynopsis = "./detr4j build [-D...]",
      description = {
        "Builds the project; the arguments go to Maven.",
        "Every other command builds first where a source file is newer than the build."
      })
  static final class Build extends LauncherCommand {}

  /** Build, tests and comparison. */
  @Command(
      name = "verify",
      customSynopsis = "./detr4j verify [-D...]",
      description = {
        "Builds the project, runs every test and compares with the stored outputs.",
        "The arguments go to Maven."
      })
  static final class Verify extends LauncherCommand {}

  /** The benchmarks, which are a program of their own. */
  @Command(
      name = "bench",
      customSynopsis = "./detr4j bench [BENCHMARK...]",
      description = {
        "Runs a benchmark; without arguments, lists the benchmarks.",
        "Builds the benchmarks on first use."
      })
  static final class Bench extends LauncherCommand {}
}
