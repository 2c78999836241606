package dev.detr4j.backend.vector;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.detr4j.backend.BackendKind;
import dev.detr4j.backend.BackendOptions;
import dev.detr4j.backend.BackendSelection;
import dev.detr4j.backend.BackendSettings.Request;
import dev.detr4j.backend.PeakMeter;
import dev.detr4j.backend.VectorUnit;
import dev.detr4j.error.BackendException;
import java.util.List;
import org.junit.jupiter.api.Test;

/** JVMs in which a call would take minutes: refused at once, with the reason. */
class VectorJvmTest {
  private static final String NO_FMA =
      "this JVM has no multiply-add instruction: the processor lacks FMA, or Java was started with -XX:-UseFMA";

  private static final String INTERPRETED =
      "this JVM only interprets (-Xint), and interpreted vectors take thousands of times as long;"
          + " start Java without -Xint";

  @Test
  void thisJvmIsFast() {
    assertNull(VectorJvm.refusal());
  }

  @Test
  void withoutMultiplyAddNothingOpens() throws Exception {
    assertRefused(NO_FMA, "-XX:-UseFMA");
  }

  @Test
  void interpretedNothingOpens() throws Exception {
    assertRefused(INTERPRETED, "-Xint");
  }

  @Test
  void interpretedWithoutMultiplyAddNothingOpens() throws Exception {
    assertRefused(INTERPRETED, "-Xint", "-XX:-UseFMA");
  }

  /** Only a JVM that never gets to optimise is refused. */
  @Test
  void otherCompilersAreNotRefused() throws Exception {
    for (String option : List.of("-XX:TieredStopAtLevel=1", "-XX:-TieredCompilation", "-Xcomp")) {
      assertEquals(
          List.of("provider: null", "vector: open", "peaks: null"),
          run(Opening.class, option),
          option);
    }
  }

  private static void assertRefused(String reason, String... options) throws Exception {
    List<String> lines = run(Opening.class, options);
    assertEquals(
        List.of(
            "provider: " + reason,
            "vector: backend vector asked for by name (test) cannot be used: " + reason,
            "peaks: " + reason),
        lines.subList(0, 3));
    // Within a second by the clock of a machine that does nothing else.
    long milliseconds = Long.parseLong(lines.get(3));
    assertTrue(milliseconds < 5_000, milliseconds + " ms");
  }

  private static List<String> run(Class<?> program, String... options) throws Exception {
    return KernelJvm.run(program, 512, options)
        .lines()
        .filter(line -> !line.startsWith("WARNING"))
        .toList();
  }

  /** Asks as {@code info} does, then opens the backend by name, then asks for the peaks. */
  static final class Opening {
    private Opening() {}

    /** Runs without arguments. */
    public static void main(String[] args) {
      BackendOptions options = new BackendOptions(1, null, 0);
      long start = System.nanoTime();
      System.out.println("provider: " + new VectorBackendProvider().unavailable(options));
      try (var backend =
          BackendSelection.open(new Request(BackendKind.VECTOR, "test"), options).backend()) {
        System.out.println(backend.kind().id() + ": open");
      } catch (BackendException e) {
        System.out.println("vector: " + e.getMessage());
      }
      String peaks = PeakMeter.ofThisJvm().refusal(VectorUnit.WIDEST);
      System.out.println("peaks: " + peaks);
      if (peaks != null) {
        System.out.println((System.nanoTime() - start) / 1_000_000);
      }
    }
  }
}
