package dev.detr4j.backend.parity;

import dev.detr4j.backend.BackendKind;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntSupplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Runs the cases of one variant in a JVM of its own and holds what that JVM reported.
 *
 * <p>A width of vectors needs one, because a JVM has one width; guard pages and the emulated device
 * need one, because an access outside ends it. The settings of this JVM that begin with {@code
 * detr4j.} go along.
 */
final class VariantJvm {
  private static final int LAST_LINES = 30;

  private final Variant variant;
  private final Map<String, List<String>> failures = new HashMap<>();
  private final Map<String, Integer> checked = new HashMap<>();
  private final List<String> lacking = new ArrayList<>();
  private final @Nullable String death;

  /**
   * Reads what a JVM printed.
   *
   * @param lines everything, in order
   * @param status with which it ended
   */
  VariantJvm(Variant variant, Stream<String> lines, IntSupplier status) {
    this.variant = variant;
    ArrayDeque<String> last = new ArrayDeque<>();
    lines.forEach(line -> {
      read(line);
      last.add(line);
      if (last.size() > LAST_LINES) {
        last.remove();
      }
    });
    int end = status.getAsInt();
    death =
        end == 0 && VariantRun.DONE.equals(last.peekLast())
            ? null
            : "its JVM ended with status " + end + ":\n" + String.join("\n", last);
  }

  /**
   * Runs the cases and waits for the end.
   *
   * @param guarded whether the tensors lie between unmapped pages
   * @param folder the current folder of that JVM, where a crash leaves its log
   */
  static VariantJvm run(Variant variant, boolean guarded, Path folder) {
    Process process;
    try {
      process = start(variant, guarded, folder);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    try (BufferedReader output = process.inputReader(StandardCharsets.UTF_8)) {
      return new VariantJvm(variant, output.lines(), () -> process.onExit().join().exitValue());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** How many cases of an operation were compared; 0 when that JVM did not come to its end. */
  int checked(String op) {
    return checked.getOrDefault(op, 0);
  }

  /** What failed in an operation; the end of the JVM counts where it had not finished with it. */
  List<String> failures(String op) {
    List<String> all = new ArrayList<>(failures.getOrDefault(op, List.of()));
    if (!checked.containsKey(op)) {
      all.add(variant + ": " + (death != null ? death : "its JVM knows no " + op));
    }
    return all;
  }

  /** The operations that had cases which the variant refused; they were not run. */
  List<String> lacking() {
    return List.copyOf(lacking);
  }

  /** Why the JVM did not come to its end, with its last lines, or null when it did. */
  @Nullable String death() {
    return death;
  }

  private void read(String line) {
    if (line.startsWith(VariantRun.FAILED)) {
      String[] words = line.substring(VariantRun.FAILED.length()).split(" ", 2);
      failures
          .computeIfAbsent(words[0], _ -> new ArrayList<>())
          .add(words[1].replace(VariantRun.BREAK, "\n"));
    } else if (line.startsWith(VariantRun.CHECKED)) {
      String[] words = line.substring(VariantRun.CHECKED.length()).split(" ", 2);
      checked.put(words[0], Integer.parseInt(words[1]));
    } else if (line.startsWith(VariantRun.LACKS)) {
      lacking.add(line.substring(VariantRun.LACKS.length()));
    }
  }

  private static Process start(Variant variant, boolean guarded, Path folder) throws IOException {
    String tier = variant.options().instructionSet();
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-modules=jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                "-Dstdout.encoding=UTF-8",
                "-cp",
                System.getProperty(
                    "surefire.test.class.path", System.getProperty("java.class.path"))));
    System.getProperties()
        .forEach((key, value) -> {
          if (String.valueOf(key).startsWith("detr4j.")) {
            command.add("-D" + key + "=" + value);
          }
        });
    boolean emulated = variant.kind() == BackendKind.CUDA;
    if (emulated) {
      command.addAll(EmulatedDevice.options());
    }
    command.addAll(
        List.of(
            VariantRun.class.getName(),
            variant.kind().id(),
            tier == null ? "-" : tier,
            Integer.toString(variant.options().vectorBits()),
            guarded ? VariantRun.GUARDED : "anywhere"));
    ProcessBuilder builder =
        new ProcessBuilder(command).directory(folder.toFile()).redirectErrorStream(true);
    if (emulated) {
      EmulatedDevice.drawOrder(builder.environment());
    }
    return builder.start();
  }
}
