package dev.detr4j.cli;

import dev.detr4j.error.Detr4jException;
import dev.detr4j.error.OneLine;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.FileSystemException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help;
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
    description = {"Runs object detectors of the DETR family.", ""},
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    synopsisSubcommandLabel = "COMMAND",
    optionListHeading = "Options:%n",
    commandListHeading = "%nCommands:%n",
    footer = {
      "",
      "Examples:",
      "  detr4j detect photo.jpg --draw found.png",
      "  detr4j detect photos/ --model detr-resnet-50/ --format json --output found.json",
      "  detr4j serve --port 8080",
      "  detr4j evaluate --annotations instances.json --images photos/ --model detr-resnet-50/",
      "  detr4j train --data photos/ --output stamps/",
      "  detr4j profile photo.jpg --model detr-resnet-50/ --picture roofline.png",
      "  detr4j models fetch facebook/detr-resnet-50",
      "  detr4j info --model facebook/detr-resnet-50",
      "  detr4j parity",
      "",
      "A setting comes from the first of: option, system property (detr4j -Ddetr4j.threads=2 ...), environment:",
      "  --backend   detr4j.backend       DETR4J_BACKEND",
      "  --threads   detr4j.threads       DETR4J_THREADS",
      "  --isa       detr4j.isa           DETR4J_ISA",
      "  --precision detr4j.precision     DETR4J_PRECISION",
      "              detr4j.vector.bits   DETR4J_VECTOR_BITS",
      "Folder of models: detr4j.models.home, DETR4J_HOME; HF_HOME, HF_HUB_CACHE. See `detr4j models --help`.",
      "DISABLE_CUSTOM_KERNELS=1 makes backend auto choose vector. NO_COLOR=1 turns colours off.",
      "",
      "Exit codes:",
      "  0  success",
      "  1  a file or a setting is wrong; one line on standard error says which",
      "  2  the command line cannot be parsed",
      "  3  detr4j itself failed"
    })
public final class Main implements Runnable {
  /** In the order of the help. */
  private static final List<String> COMMANDS =
      List.of(
          "detect",
          "serve",
          "evaluate",
          "train",
          "profile",
          "info",
          "parity",
          "models",
          "accept",
          "build",
          "verify",
          "bench",
          "help");

  @Spec private CommandSpec spec;

  Main() {}

  /** Runs one command and ends the JVM with its exit code. */
  public static void main(String[] arguments) {
    System.setProperty("java.awt.headless", "true");
    // Numbers are for programs as much as for people: the same everywhere, also those in messages.
    Locale.setDefault(Locale.ROOT);
    StandardOutput output = StandardOutput.install();
    CommandLine commandLine = commandLine(arguments);
    if (!Launcher.startedAgain()) { // else the first JVM has said so
      KnownSettings.warnings()
          .forEach(line -> commandLine.getErr().println("detr4j: " + Terminal.printable(line)));
    }
    int exit = 3;
    try {
      exit = commandLine.execute(arguments);
    } catch (Throwable e) { // picocli passes errors on, as when memory runs out
      e.printStackTrace(commandLine.getErr());
    }
    System.out.flush();
    String loss = output.loss();
    if (loss != null) {
      commandLine.getErr().println("detr4j: " + Terminal.printable(loss));
      exit = Math.max(exit, CommandLine.ExitCode.SOFTWARE);
    }
    System.exit(exit);
  }

  /** The command line, ready to execute: errors become one line and an exit code. */
  static CommandLine commandLine() {
    return commandLine(COMMANDS);
  }

  /**
   * What these arguments need of the command line: where they begin with a command, only that. To
   * describe the options of them all takes 0.1 s of every start.
   */
  static CommandLine commandLine(String[] arguments) {
    String first = arguments.length == 0 ? "" : arguments[0];
    CommandLine commandLine =
        commandLine(COMMANDS.contains(first) && !first.equals("help") ? List.of(first) : COMMANDS);
    CommandLine serve = commandLine.getSubcommands().get("serve");
    if (serve != null) {
      serve.setDefaultValueProvider(new ServeSettings(List.of(arguments)));
    }
    return commandLine;
  }

  private static CommandLine commandLine(List<String> commands) {
    CommandLine all = new CommandLine(new Main());
    commands.forEach(name -> all.addSubcommand(command(name)));
    all.getSubcommands().values().stream()
        .filter(each -> each.getCommand() instanceof LauncherCommand)
        .forEach(each -> each.setUnmatchedArgumentsAllowed(true));
    return all.registerConverter(Path.class, new FileNames.Converter())
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setUsageHelpWidth(100) // where there is no terminal
        .setUsageHelpAutoWidth(true)
        .setExpandAtFiles(false) // @a.png is a file of that name
        .setColorScheme(Help.defaultColorScheme(Terminal.colours()))
        .setExecutionStrategy(Main::execute)
        .setParameterExceptionHandler(Main::misuse)
        .setExecutionExceptionHandler(Main::report);
  }

  private static Object command(String name) {
    return switch (name) {
      case "detect" -> new DetectCommand();
      case "serve" -> new ServeCommand();
      case "evaluate" -> new EvaluateCommand();
      case "train" -> new TrainCommand();
      case "profile" -> new ProfileCommand();
      case "info" -> new InfoCommand();
      case "parity" -> new ParityCommand();
      case "models" -> new ModelsCommand();
      case "accept" -> new AcceptCommand();
      case "build" -> new LauncherCommand.Build();
      case "verify" -> new LauncherCommand.Verify();
      case "bench" -> new LauncherCommand.Bench();
      case "help" -> new CommandLine.HelpCommand();
      default -> throw new IllegalArgumentException("no command " + name);
    };
  }

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "Missing required subcommand");
  }

  private static int execute(CommandLine.ParseResult parsed) {
    Integer helped = CommandLine.executeHelpRequest(parsed);
    if (helped != null) {
      return helped;
    }
    List<CommandLine> commands = parsed.asCommandLineList();
    if (Restart.helps(commands.getLast().<Object>getCommand())) {
      return Restart.run(parsed.originalArgs(), commands.getFirst().getErr());
    }
    return new CommandLine.RunLast().execute(parsed);
  }

  private static int misuse(ParameterException error, String[] arguments) {
    PrintWriter err = error.getCommandLine().getErr();
    err.println("detr4j: " + Terminal.printable(Misuse.explained(error)));
    return CommandLine.ExitCode.USAGE;
  }

  private static int report(
      Exception error, CommandLine commandLine, CommandLine.ParseResult parsed) {
    if (Restart.helps(error)) {
      commandLine.getErr().println("detr4j: this takes the Vector API, starting again with it");
      commandLine.getErr().flush();
      return Restart.run(parsed.originalArgs(), commandLine.getErr());
    }
    String message = explained(error);
    if (message != null) {
      commandLine.getErr().println("detr4j: " + Terminal.printable(message));
      return CommandLine.ExitCode.SOFTWARE;
    }
    error.printStackTrace(commandLine.getErr());
    return 3;
  }

  /** What to tell the user in one line, or null for an error of detr4j itself. */
  static @Nullable String explained(@Nullable Throwable error) {
    return switch (error) {
      case Detr4jException mistake -> mistake.getMessage();
      case UncheckedIOException wrapped -> explained(wrapped.getCause());
      case FileSystemException file -> file.getFile() + ": " + OneLine.of(file);
      case InvalidPathException path -> path.getInput() + ": not a valid file name";
      case IOException io -> io.getMessage() == null ? io.toString() : io.getMessage();
      case null, default -> null;
    };
  }
}
