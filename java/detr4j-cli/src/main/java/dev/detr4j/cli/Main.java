package dev.detr4j.cli;

import dev.detr4j.Detr4jException;
import java.io.IOException;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * The command {@code detr4j}.
 *
 * <p>Exit codes: 0 done, 1 a mistake of the user's that a {@link Detr4jException} explains or a
 * failed file operation, 2 a command line that cannot be understood, 3 an error of detr4j itself.
 */
@Command(
    name = "detr4j",
    description = "Runs object detectors of the DETR family.",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    synopsisSubcommandLabel = "COMMAND",
    subcommands = {CommandLine.HelpCommand.class})
public final class Main implements Runnable {
  @Spec private CommandSpec spec;

  Main() {}

  /** Runs one command and ends the JVM with its exit code. */
  public static void main(String[] arguments) {
    System.exit(commandLine().execute(arguments));
  }

  /** The command line, ready to execute: errors become one line and an exit code. */
  static CommandLine commandLine() {
    return new CommandLine(new Main())
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setExecutionExceptionHandler(Main::report);
  }

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "Missing required subcommand");
  }

  private static int report(
      Exception error, CommandLine commandLine, CommandLine.ParseResult parsed) {
    if (error instanceof Detr4jException || error instanceof IOException) {
      String message = error instanceof Detr4jException ? error.getMessage() : error.toString();
      commandLine.getErr().println("detr4j: " + message);
      return CommandLine.ExitCode.SOFTWARE;
    }
    error.printStackTrace(commandLine.getErr());
    return 3;
  }
}
