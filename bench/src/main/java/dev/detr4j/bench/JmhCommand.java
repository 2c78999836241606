package dev.detr4j.bench;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.openjdk.jmh.Main;
import org.openjdk.jmh.runner.options.CommandLineOptionException;
import org.openjdk.jmh.runner.options.CommandLineOptions;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Unmatched;

/**
 * Hands its arguments to JMH as they are: it has its own help. Each subclass is the benchmarks of
 * one package.
 */
abstract class JmhCommand implements Callable<Integer> {
  private final String all;
  private final String others;

  @Spec private CommandSpec spec;

  @Unmatched private List<String> arguments = new ArrayList<>();

  private JmhCommand(String folder) {
    all = "^dev\\.detr4j\\.bench\\." + folder + "\\.";
    others = "^(?!dev\\.detr4j\\.bench\\." + folder + "\\.)";
  }

  @Command(
      name = "kernels",
      description =
          "Times single kernels by JMH, whose arguments it takes: a part of a name, -l lists, -h has the rest.")
  static final class Kernels extends JmhCommand {
    Kernels() {
      super("kernel");
    }
  }

  @Command(
      name = "models",
      description = "Times calls of a whole model by JMH, from a picture to detections.")
  static final class Models extends JmhCommand {
    Models() {
      super("model");
    }
  }

  @Command(
      name = "peers",
      description =
          "Times whole models in detr4j and in other runtimes by JMH; compare does it interleaved.")
  static final class Peers extends JmhCommand {
    Peers() {
      super("peer");
    }
  }

  @Command(name = "life", description = "Times opening, new sessions, warm-up and closing by JMH.")
  static final class Life extends JmhCommand {
    Life() {
      super("life");
    }
  }

  @Override
  public Integer call() throws IOException {
    Main.main(arguments().toArray(String[]::new));
    return 0;
  }

  /** With the pattern of the whole package where the user gave none, and nothing of another. */
  List<String> arguments() {
    List<String> complete = new ArrayList<>(arguments);
    try {
      if (new CommandLineOptions(arguments.toArray(String[]::new)).getIncludes().isEmpty()) {
        complete.addFirst(all);
      }
    } catch (CommandLineOptionException e) {
      throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()), e);
    }
    complete.addAll(List.of("-e", others));
    return complete;
  }
}
