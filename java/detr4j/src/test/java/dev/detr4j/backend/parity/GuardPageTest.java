package dev.detr4j.backend.parity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import dev.detr4j.backend.BackendKind;
import dev.detr4j.backend.host.HostBuffer;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Kernels of the C library read and write nothing outside their tensors: every case in every tier
 * with an unmapped page at both ends.
 *
 * <p>In a process of its own, because an access outside ends it. The Vector API checks bounds
 * itself; it runs once, at its best.
 */
class GuardPageTest {
  static Stream<Variant> variants() {
    return Variant.all().stream()
        .filter(variant ->
            variant.kind() == BackendKind.C
                || (variant.kind() == BackendKind.VECTOR && variant.isBest()));
  }

  @ParameterizedTest
  @MethodSource("variants")
  void staysInsideItsTensors(Variant variant, @TempDir Path folder)
      throws IOException, InterruptedException {
    Assumptions.assumeTrue(
        System.getProperty("os.name").equals("Linux"), "guard pages are made with Linux's mmap");
    OpParityTest.assumeAvailable(variant);
    Process process = start(variant, folder);
    ArrayDeque<String> last = new ArrayDeque<>();
    try (BufferedReader output =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
      for (String line = output.readLine(); line != null; line = output.readLine()) {
        last.add(line);
        if (last.size() > 30) {
          last.remove();
        }
      }
    }
    int status = process.waitFor();
    if (status != 0 || !String.valueOf(last.peekLast()).startsWith(GuardPageRun.DONE)) {
      fail(variant + " ended with status " + status + ":\n" + String.join("\n", last));
    }
  }

  private static Process start(Variant variant, Path folder) throws IOException {
    String tier = variant.options().instructionSet();
    List<String> command =
        new ArrayList<>(
            List.of(
                ProcessHandle.current().info().command().orElse("java"),
                "--add-modules=jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty(
                    "surefire.test.class.path", System.getProperty("java.class.path"))));
    System.getProperties()
        .forEach((key, value) -> {
          if (String.valueOf(key).startsWith("detr4j.")) {
            command.add("-D" + key + "=" + value);
          }
        });
    command.addAll(
        List.of(
            GuardPageRun.class.getName(),
            variant.kind().id(),
            tier == null ? "-" : tier,
            Integer.toString(variant.options().vectorBits())));
    // A crash leaves its log in the current folder.
    return new ProcessBuilder(command).directory(folder.toFile()).redirectErrorStream(true).start();
  }

  /** The guard itself: the last byte of a tensor is accessible, and its segment ends there. */
  @Test
  void tensorsEndWhereTheirPagesEnd() {
    Assumptions.assumeTrue(
        System.getProperty("os.name").equals("Linux"), "guard pages are made with Linux's mmap");
    try (GuardedMemory memory = new GuardedMemory(true)) {
      CaseMemory.Place place = memory.allocate(100);
      MemorySegment segment = ((HostBuffer) place.buffer()).segment();
      assertEquals(0, (segment.address() + place.offset() + 100) % 4096);
      segment.set(ValueLayout.JAVA_BYTE, place.offset() + 99, (byte) 1);
      assertThrows(
          IndexOutOfBoundsException.class,
          () -> segment.set(ValueLayout.JAVA_BYTE, place.offset() + 100, (byte) 1));
      assertTrue(segment.isNative());
    }
  }
}
