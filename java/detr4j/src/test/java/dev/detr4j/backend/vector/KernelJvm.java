package dev.detr4j.backend.vector;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Runs a program in a JVM of its own, where nothing else is being compiled. */
final class KernelJvm {
  private KernelJvm() {}

  /**
   * What the program printed; it has to end without an error.
   *
   * @param bits width of the vectors, as far as this processor has it
   * @param options further options of the JVM
   */
  static String run(Class<?> program, int bits, String... options)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("--add-modules=jdk.incubator.vector");
    command.add("--enable-native-access=ALL-UNNAMED");
    command.addAll(Arrays.asList(options));
    command.add("-D" + VectorWidth.PROPERTY + "=" + Math.min(bits, WidestVectors.bits()));
    command.add("-cp");
    command.add(System.getProperty("java.class.path"));
    command.add(program.getName());
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor(), output);
    return output;
  }
}
