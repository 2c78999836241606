package dev.detr4j.bench.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import dev.detr4j.backend.BackendKind;
import dev.detr4j.parity.ParityTarget;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** The comparison with everything but its size; times are looked at by nobody. */
class CompareKernelsTest {
  /** Answers as time_kernels.py does, and computes nothing. */
  private static final String FAKE_PYTHON =
      """
      #!/bin/sh
      printf 'ready\\tPyTorch of a test\\n'
      while read -r line; do
        case "$line" in
          run*) printf 'ok\\t1000000\\n' ;;
          *) printf 'ok\\t\\n' ;;
        esac
      done
      """;

  @TempDir Path folder;

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  private int run(String... arguments) {
    List<String> all =
        new ArrayList<>(
            List.of(
                "--size=small",
                "--folder=.",
                "--results=" + folder,
                "--rounds=1",
                "--warm-up=0",
                "--turn=0",
                "--pause=0",
                "--threads=1"));
    all.addAll(List.of(arguments));
    CommandLine line = CompareKernels.commandLine();
    line.setOut(new PrintWriter(out, true)).setErr(new PrintWriter(err, true));
    return line.execute(all.toArray(new String[0]));
  }

  private static String backends() {
    return String.join(
        ",",
        ParityTarget.available(1, reason -> System.out.println("compare kernels: " + reason))
            .stream()
            .map(ParityTarget::kind)
            .filter(kind -> kind != BackendKind.REFERENCE)
            .distinct()
            .map(BackendKind::id)
            .toList());
  }

  @Test
  void withoutPeersThePeakRemains() throws IOException {
    assertEquals(0, run("--peers=none", "--backends=" + backends()), err::toString);
    String report = out.toString();
    for (Target target : Target.values()) {
      assertTrue(report.contains("### " + target + ": " + target.title()), report);
    }
    assertTrue(report.contains("no PyTorch; no scalar C"), report);
    assertTrue(report.contains("- peak for vector: "), report);
    try (var files = Files.list(folder)) {
      assertEquals(report, Files.readString(files.toList().getFirst()));
    }
  }

  @Test
  void theScalarPeerComputesTheSame() {
    try {
      new ProcessBuilder("cc", "--version")
          .redirectErrorStream(true)
          .redirectOutput(ProcessBuilder.Redirect.DISCARD)
          .start();
    } catch (IOException e) {
      if (System.getProperty("detr4j.test.requireBackends", "").contains("c")) {
        fail("there is no C compiler, although backend c is required", e);
      }
      System.out.println("compare kernels: the scalar peer is left out: " + e.getMessage());
      Assumptions.abort("no C compiler");
    }
    assertEquals(0, run("--targets=soft-nms", "--backends=" + backends()), () -> out + "\n" + err);
    assertTrue(out.toString().contains("| scalar C ms | scalar C, skipping ms |"), out::toString);
  }

  @Test
  void aMissingPythonIsALine() {
    assertEquals(1, run("--targets=deformable-attention", "--python=no-such-python"));
    assertTrue(
        err.toString().startsWith("error: no-such-python cannot be started: "), err::toString);
    assertTrue(err.toString().contains("--peers none goes without"), err::toString);
  }

  @Test
  void aPeerThatComputesSomethingElseEndsTheComparison() throws IOException {
    Path fake = script(FAKE_PYTHON);
    assertEquals(
        1, run("--targets=deformable-attention", "--python=" + fake, "--backends=" + backends()));
    assertTrue(
        err.toString().contains("does not compute what PyTorch whole computes: "), err::toString);
  }

  @Test
  void whatPythonLacksIsALine() throws IOException {
    Path fake = script("#!/bin/sh\nprintf \"missing\\tNo module named 'torch'\\n\"\nexit 3\n");
    assertEquals(1, run("--targets=convolutions", "--python=" + fake));
    assertTrue(
        err.toString().contains("lacks what the peers need: No module named 'torch';"),
        err::toString);
  }

  /** An interpreter that is a shell script. */
  private Path script(String text) throws IOException {
    Assumptions.assumeTrue(Files.isExecutable(Path.of("/bin/sh")), "no /bin/sh here");
    Path script = Files.createDirectory(folder.resolve("bin")).resolve("python");
    Files.writeString(script, text);
    assertTrue(script.toFile().setExecutable(true));
    return script;
  }

  @Test
  void unknownChoicesAreTold() {
    assertEquals(2, run("--peers=tensorflow"));
    assertTrue(err.toString().contains("expected torch, c or none"), err::toString);
    assertEquals(2, run("--backends=auto"));
    assertEquals(2, run("--targets=W9"));
    assertEquals(2, run("--rounds=0"));
  }
}
