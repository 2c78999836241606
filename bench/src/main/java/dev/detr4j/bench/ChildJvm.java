package dev.detr4j.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A JVM of its own for a measurement that another one's classes, garbage and threads would spoil.
 */
public final class ChildJvm {
  private ChildJvm() {}

  /**
   * Runs a main class on this JVM's class path, with the serial collector as the launcher has it,
   * and waits for it.
   *
   * @return its standard output, stripped; its errors go where this JVM's go, but for the notice
   *     that a module is incubating
   * @throws IOException when it fails
   */
  public static String run(Class<?> program, String... arguments)
      throws IOException, InterruptedException {
    return run(List.of(), program, arguments);
  }

  /**
   * As above.
   *
   * @param options more options of the JVM, as in {@code -Xmx64m}
   */
  public static String run(List<String> options, Class<?> program, String... arguments)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of(
            "--add-modules",
            "jdk.incubator.vector",
            "--enable-native-access=ALL-UNNAMED",
            "-XX:+UseSerialGC"));
    command.addAll(options);
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), program.getName()));
    command.addAll(List.of(arguments));
    Process child = new ProcessBuilder(command).start();
    Thread errors = Thread.ofPlatform().daemon().start(() -> passOn(child.errorReader(UTF_8)));
    String output = new String(child.getInputStream().readAllBytes(), UTF_8).strip();
    int code = child.waitFor();
    errors.join();
    if (code != 0) {
      throw new IOException(
          "%s in a process of its own ended with code %d"
              .formatted(
                  String.join(" ", command.subList(command.indexOf("-cp") + 2, command.size())),
                  code));
    }
    return output;
  }

  private static void passOn(BufferedReader errors) {
    errors
        .lines()
        .filter(line -> !line.startsWith("WARNING: Using incubator modules"))
        .forEach(System.err::println);
  }
}
