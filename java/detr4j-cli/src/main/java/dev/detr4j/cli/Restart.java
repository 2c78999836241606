package dev.detr4j.cli;

import dev.detr4j.backend.BackendKind;
import dev.detr4j.backend.NoBackendException;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The same command once more, in a JVM with the Vector API.
 *
 * <p>The launcher leaves the module out, because the JDK's AOT cache cannot be used beside an
 * incubating module. A command that needs it begins again before it has done anything. One that
 * needs it only because the C library turns out not to do begins again too: a backend is chosen
 * before anything is computed, written or said.
 */
final class Restart {
  /** An open file of this process by number, as a shell's {@code <(…)} is. */
  private static final Pattern OPEN_FILE = Pattern.compile("(^|=)/dev/fd/(\\d+)$");

  private static final long SECONDS_TO_END = 5;

  private Restart() {}

  /** A command that may need the Vector API. */
  interface Candidate {
    /** Whether it does, by its options and the settings. */
    boolean needsVectorApi();
  }

  /** Whether the launcher left the Vector API out and the command, not begun yet, needs it. */
  static boolean helps(Object command) {
    return command instanceof Candidate candidate
        && Launcher.leftVectorOut()
        && candidate.needsVectorApi();
  }

  /** Whether the launcher left the Vector API out and the command failed for want of it. */
  static boolean helps(Exception error) {
    return error instanceof NoBackendException none
        && none.refused().contains(BackendKind.VECTOR)
        && Launcher.leftVectorOut();
  }

  /** Runs the command with the standard streams of this JVM; returns its exit code. */
  static int run(List<String> arguments, PrintWriter err) {
    ProcessBuilder builder =
        Launcher.withVector(arguments.stream().map(Restart::reachable).toList());
    try {
      Process again = builder.inheritIO().start();
      // Whoever ends this JVM means the command, which may have files to remove.
      Runtime.getRuntime().addShutdownHook(new Thread(() -> end(again)));
      return again.waitFor();
    } catch (IOException e) {
      err.println("detr4j: " + Main.explained(e));
      return 1;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return 1;
    }
  }

  /**
   * Of the open files a new process has the first three only; the others are reached through this
   * one.
   */
  private static String reachable(String argument) {
    Matcher file = OPEN_FILE.matcher(argument);
    if (!file.find() || Integer.parseInt(file.group(2)) <= 2) {
      return argument;
    }
    return file.replaceFirst("$1/proc/" + ProcessHandle.current().pid() + "/fd/$2");
  }

  private static void end(Process again) {
    again.destroy();
    try {
      again.waitFor(SECONDS_TO_END, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
