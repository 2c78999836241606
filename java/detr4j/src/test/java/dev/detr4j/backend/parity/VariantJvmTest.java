package dev.detr4j.backend.parity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.detr4j.backend.BackendKind;
import dev.detr4j.backend.BackendOptions;
import dev.detr4j.op.Add;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A failure in another JVM is a failure here, and so is its end. */
class VariantJvmTest {
  private static final Variant WIDTH =
      new Variant(BackendKind.VECTOR, new BackendOptions(2, null, 128));

  @Test
  void readsWhatFailedAndHowMuchRan() {
    VariantJvm jvm =
        read(
            0,
            "WARNING: Using incubator modules: jdk.incubator.vector",
            "runs add columns 1 (seed 1) on vector 128 bits (packed)",
            "failed Add add columns 1 differs" + VariantRun.BREAK + "  by 7",
            "checked Add 42",
            "lacks Gather",
            "checked Gather 0",
            "done");
    assertNull(jvm.death());
    assertEquals(List.of("add columns 1 differs\n  by 7"), jvm.failures("Add"));
    assertEquals(42, jvm.checked("Add"));
    assertEquals(List.of("Gather"), jvm.lacking());
    assertEquals(List.of("vector 128 bits: its JVM knows no TopK"), jvm.failures("TopK"));
  }

  @Test
  void whatWasNotFinishedHasFailed() {
    for (int status : new int[] {0, 134}) {
      VariantJvm jvm = read(status, "checked Add 42", "runs gather 1 on vector", "# SIGSEGV");
      assertEquals(List.of(), jvm.failures("Add"));
      assertEquals(
          List.of(
              "vector 128 bits: its JVM ended with status "
                  + status
                  + ":\nchecked Add 42\nruns gather 1 on vector\n# SIGSEGV"),
          jvm.failures("Gather"));
    }
  }

  /** No processor has this instruction set. */
  @Test
  void aVariantThatDoesNotOpenIsReported(@TempDir Path folder) {
    Variant variant = new Variant(BackendKind.C, new BackendOptions(2, "avx1024", 0));
    VariantJvm jvm = VariantJvm.run(variant, false, folder);
    String death = jvm.death();
    assertNotNull(death);
    assertTrue(death.startsWith("its JVM ended with status 1:"), death);
    assertEquals(List.of(variant + ": " + death), jvm.failures("Add"));
  }

  /** The comparison itself: with no tolerance at all, every case of a kernel fails. */
  @Test
  void everyCaseThatFailsIsALine() {
    Variant reference = new Variant(BackendKind.REFERENCE, new BackendOptions(1, null, 0));
    try (VariantCheck check = new VariantCheck(List.of(Placement.ANYWHERE), _ -> {})) {
      List<OpCase> cases = OpCases.of(Add.class);
      assertEquals(List.of(), check.failures(reference, cases));
      List<OpCase> impossible =
          cases.stream().map(test -> test.with(new Tolerance(-1, -1))).toList();
      assertEquals(cases.size(), check.failures(reference, impossible).size());
    }
  }

  private static VariantJvm read(int status, String... lines) {
    return new VariantJvm(WIDTH, Stream.of(lines), () -> status);
  }
}
