package dev.detr4j.cli;

import dev.detr4j.error.BackendException;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The same command once more, in a JVM with the Vector API.
 *
 * <p>The launcher leaves the module out where the C library should do, because the JDK's AOT cache
 * cannot be used beside an incubating module. Where the library then turns out not to do, the
 * command begins again: nothing has been computed or written by then.
 */
final class Restart {
  private static final String MODULE = "jdk.incubator.vector";

  private Restart() {}

  /** Whether the launcher left the Vector API out and the command failed for want of it. */
  static boolean helps(Exception error) {
    return error instanceof BackendException
        && String.valueOf(error.getMessage()).contains(MODULE)
        && System.getProperty("detr4j.launcher.vector", "").equals("left out")
        && Files.isExecutable(launcher());
  }

  /** Runs the command with the standard streams of this JVM; returns its exit code. */
  static int run(List<String> arguments, PrintWriter err) {
    err.println("detr4j: this command needs the Vector API; restarting with it");
    err.flush();
    List<String> command = new ArrayList<>();
    command.add(launcher().toString());
    System.getProperty("detr4j.launcher.options", "")
        .lines()
        .filter(option -> !option.isEmpty())
        .forEach(command::add);
    command.addAll(arguments);
    ProcessBuilder builder = new ProcessBuilder(command).inheritIO();
    builder.environment().put("DETR4J_START", "vector");
    try {
      Process again = builder.start();
      // Whoever ends this JVM means the command.
      Runtime.getRuntime().addShutdownHook(new Thread(again::destroy));
      return again.waitFor();
    } catch (IOException e) {
      err.println("detr4j: " + Main.explained(e));
      return 1;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return 1;
    }
  }

  private static Path launcher() {
    return Path.of(System.getProperty("detr4j.home", ""), "detr4j");
  }
}
