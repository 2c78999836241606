package dev.detr4j.cli;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The script that started this JVM, as it has told of itself in system properties; absent where the
 * command line was started otherwise. Stateless.
 */
final class Launcher {
  /** The environment variable that says how the launcher is to start. */
  private static final String START = "DETR4J_START";

  /** How it is to start where the Vector API is needed. */
  private static final String WITH_VECTOR = "vector";

  private Launcher() {}

  /** Whether the launcher left the Vector API out of this JVM, and can start one that has it. */
  static boolean leftVectorOut() {
    return System.getProperty("detr4j.launcher.vector", "").equals("left out")
        && Files.isExecutable(script());
  }

  /** Whether this JVM does over what another one, without the Vector API, could not do. */
  static boolean startedAgain() {
    return WITH_VECTOR.equals(System.getenv(START));
  }

  /** The launcher once more, with the Vector API. */
  static ProcessBuilder withVector(List<String> arguments) {
    return again(WITH_VECTOR, arguments);
  }

  /** How the start cache is, in words; null without a launcher. */
  static @Nullable String cacheState() {
    if (!Files.isExecutable(script())) {
      return null;
    }
    try {
      Process asked =
          again("cache", List.of()).redirectError(ProcessBuilder.Redirect.DISCARD).start();
      asked.getOutputStream().close();
      try (InputStream out = asked.getInputStream()) {
        return new String(out.readAllBytes(), StandardCharsets.UTF_8).strip();
      }
    } catch (IOException e) {
      return "unknown: " + Main.explained(e);
    }
  }

  /** The launcher once more, with the options for the JVM that it was given. */
  private static ProcessBuilder again(String start, List<String> arguments) {
    List<String> command = new ArrayList<>();
    command.add(script().toString());
    System.getProperty("detr4j.launcher.options", "")
        .lines()
        .filter(option -> !option.isEmpty())
        .forEach(command::add);
    command.addAll(arguments);
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().put(START, start);
    return builder;
  }

  private static Path script() {
    return Path.of(System.getProperty("detr4j.home", ""), "detr4j");
  }
}
