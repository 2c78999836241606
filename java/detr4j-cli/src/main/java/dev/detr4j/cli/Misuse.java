package dev.detr4j.cli;

import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** A command line that cannot be understood, explained in one line. Stateless. */
final class Misuse {
  private Misuse() {}

  /** What is wrong, what was probably meant, and which help to read. */
  static String explained(ParameterException error) {
    CommandLine command = error.getCommandLine();
    return "%s; see %s --help"
        .formatted(fault(error, command), command.getCommandSpec().qualifiedName());
  }

  private static String fault(ParameterException error, CommandLine command) {
    String message = String.valueOf(error.getMessage());
    if (error instanceof UnmatchedArgumentException unmatched) {
      return fault(unmatched.getUnmatched().getFirst(), unmatched.isUnknownOption(), command);
    }
    // The words of picocli's help command.
    return message.startsWith("Unknown subcommand") && error.getValue() != null
        ? fault(error.getValue(), false, command)
        : message;
  }

  private static String fault(String word, boolean option, CommandLine command) {
    if (option) {
      String plain = plain(word.split("=", 2)[0]);
      String dashes = word.substring(0, word.indexOf(plain));
      String name = Suggestion.among(plain, options(command));
      return "unknown option '" + word + "'" + meant(name == null ? null : dashes + name);
    }
    return command.getSubcommands().isEmpty()
        ? "unexpected argument '" + word + "'"
        : "unknown command '"
            + word
            + "'"
            + meant(Suggestion.among(word, command.getSubcommands().keySet()));
  }

  /** The long names without their dashes: of one letter none is more like another. */
  private static List<String> options(CommandLine command) {
    return command.getCommandSpec().options().stream()
        .filter(option -> !option.hidden())
        .map(OptionSpec::longestName)
        .map(Misuse::plain)
        .toList();
  }

  private static String plain(String option) {
    return option.replaceFirst("^-+(?=.)", "");
  }

  private static String meant(@Nullable String name) {
    return name == null ? "" : " (did you mean '" + name + "'?)";
  }
}
