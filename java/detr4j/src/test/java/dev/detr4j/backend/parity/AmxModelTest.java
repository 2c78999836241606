package dev.detr4j.backend.parity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.detr4j.backend.BackendKind;
import dev.detr4j.backend.BackendOptions;
import dev.detr4j.backend.Precision;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/**
 * The tier {@code avx512-amx}, with its tiles modelled in plain C, on a processor without them:
 * what Java makes of that tier, down to its kernels. The rest of these kernels needs AVX512_BF16.
 */
class AmxModelTest {
  /** Surefire's working folder is the module's. */
  private static final Path LIBRARY =
      Path.of("../../native/target/build/tests/libdetr4j_amx_avx512.so").toAbsolutePath();

  @Test
  void matchesReferenceOnRoundedNumbers() throws IOException, InterruptedException {
    OpParityTest.assumeAvailable(
        new Variant(BackendKind.C, new BackendOptions(2, null, 0).withPrecision(Precision.BF16)));
    if (!Files.exists(LIBRARY)) {
      String reason = LIBRARY + " was not built";
      String required = System.getProperty("detr4j.test.requireBackends", "");
      assertFalse(List.of(required.split(",", -1)).contains("c"), reason);
      Assumptions.abort(reason); // backend c is another library, named by a property
    }
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-modules=jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                "-Ddetr4j.native.path=" + LIBRARY,
                "-cp",
                System.getProperty("java.class.path"),
                AmxModelRun.class.getName())
            .redirectErrorStream(true)
            .start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor(), output);
    assertEquals(
        List.of("avx512-amx with bf16 products", AmxModelRun.CHECKED + Bf16Cases.all().size()),
        output.lines().filter(line -> !line.startsWith("WARNING")).toList());
  }
}
