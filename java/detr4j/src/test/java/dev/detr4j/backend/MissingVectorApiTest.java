package dev.detr4j.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A JVM that was started without the module of the Vector API says so, in one sentence. */
class MissingVectorApiTest {
  private static final String MISSING =
      "module jdk.incubator.vector is missing; start Java with --add-modules jdk.incubator.vector";

  @Test
  void theReasonIsTheMissingModule() throws Exception {
    assertEquals(List.of(MISSING), run());
  }

  @Test
  void withTheModuleThereIsNoReason() throws Exception {
    assertEquals(
        List.of("WARNING: Using incubator modules: jdk.incubator.vector", "null"),
        run("--add-modules=jdk.incubator.vector"));
  }

  private static List<String> run(String... options) throws Exception {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of(options));
    command.add("--enable-native-access=ALL-UNNAMED");
    command.add("-cp");
    command.add(System.getProperty("java.class.path"));
    command.add(Asking.class.getName());
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor(), output);
    return output.lines().toList();
  }

  /** Asks why the backend cannot be used. */
  static final class Asking {
    private Asking() {}

    /** Runs without arguments. */
    public static void main(String[] arguments) {
      System.out.println(
          BackendProviders.of(BackendKind.VECTOR).unavailable(new BackendOptions(1, null, 0)));
    }
  }
}
