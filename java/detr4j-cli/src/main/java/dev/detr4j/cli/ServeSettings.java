package dev.detr4j.cli;

import dev.detr4j.error.OneLine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.IDefaultValueProvider;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;

/**
 * What stands for an option of {@code serve} that was not given: the system property {@code
 * detr4j.serve.<name>}, the environment variable {@code DETR4J_SERVE_<NAME>}, or a line of the file
 * that {@code --config} names. Options that other commands have too keep their own settings.
 */
final class ServeSettings implements IDefaultValueProvider {
  /** The options that are settings, by their names. */
  static final Set<String> NAMES =
      Collections.unmodifiableSet(
          new TreeSet<>(
              List.of(
                  "config",
                  "model",
                  "host",
                  "port",
                  "threshold",
                  "sessions",
                  "queue",
                  "timeout",
                  "max-body",
                  "max-images",
                  "max-pixels",
                  "max-connections",
                  "idle-time",
                  "token-file",
                  "allow-host",
                  "allow-url",
                  "access-log",
                  "warm-up",
                  "stop-delay",
                  "stop-time")));

  private static final long LONGEST_FILE = 1 << 20;

  private final List<String> arguments;
  private @Nullable Properties file;

  /** Settings beside these arguments of the command line. */
  ServeSettings(List<String> arguments) {
    this.arguments = arguments;
  }

  /** The system property of an option: {@code detr4j.serve.max.body}. */
  static String property(String name) {
    return "detr4j.serve." + name.replace('-', '.');
  }

  /** The environment variable of an option: {@code DETR4J_SERVE_MAX_BODY}. */
  static String variable(String name) {
    return "DETR4J_SERVE_" + name.toUpperCase(Locale.ROOT).replace('-', '_');
  }

  @Override
  public @Nullable String defaultValue(ArgSpec argument) {
    if (!(argument instanceof OptionSpec option)) {
      return null;
    }
    String name = option.longestName().replaceFirst("^--", "");
    if (!NAMES.contains(name)) {
      return null;
    }
    String value = System.getProperty(property(name));
    if (value == null) {
      value = System.getenv(variable(name));
    }
    return value != null || name.equals("config")
        ? value
        : file(option.command()).getProperty(name);
  }

  private Properties file(CommandSpec command) {
    if (file == null) {
      file = new Properties();
      String path = config();
      if (path != null) {
        read(command, Path.of(path), file);
      }
    }
    return file;
  }

  /**
   * What {@code --config} says: picocli asks for defaults before it has looked at the arguments.
   */
  private @Nullable String config() {
    for (int i = 0; i < arguments.size(); i++) {
      String each = arguments.get(i);
      if (each.startsWith("--config=")) {
        return each.substring("--config=".length());
      }
      if (each.equals("--config") && i + 1 < arguments.size()) {
        return arguments.get(i + 1);
      }
    }
    String value = System.getProperty(property("config"));
    return value == null ? System.getenv(variable("config")) : value;
  }

  private static void read(CommandSpec command, Path path, Properties properties) {
    try {
      if (Files.isRegularFile(path) && Files.size(path) > LONGEST_FILE) {
        throw new ParameterException(
            command.commandLine(), "--config: " + path + " is larger than 1 MiB");
      }
      // Not as Properties reads: a backslash of a regular expression stays one.
      for (String line : Files.readAllLines(path)) {
        int equals = line.indexOf('=');
        if (!line.isBlank() && !line.stripLeading().startsWith("#")) {
          if (equals < 0) {
            throw new IllegalArgumentException("\"%s\" is not NAME=VALUE".formatted(line.strip()));
          }
          properties.setProperty(
              line.substring(0, equals).strip(), line.substring(equals + 1).strip());
        }
      }
    } catch (IOException | IllegalArgumentException e) {
      String why =
          e instanceof IOException io ? OneLine.of(io) : OneLine.of(String.valueOf(e.getMessage()));
      throw new ParameterException(
          command.commandLine(), "--config: %s cannot be read: %s".formatted(path, why));
    }
    for (String name : new TreeSet<>(properties.stringPropertyNames())) {
      if (!NAMES.contains(name) || name.equals("config")) {
        String meant = Suggestion.among(name, List.copyOf(NAMES));
        throw new ParameterException(
            command.commandLine(),
            "--config: %s: unknown setting %s%s"
                .formatted(path, name, meant == null ? "" : " (did you mean " + meant + "?)"));
      }
    }
  }
}
