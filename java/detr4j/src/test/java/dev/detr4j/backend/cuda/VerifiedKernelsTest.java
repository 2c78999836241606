package dev.detr4j.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** What the table of VERIFIED.md says, with made-up rows. */
class VerifiedKernelsTest {
  private static final String HEAD =
      """
      # A page

      | date | GPU | driver | commit | kernels | suites |
      |---|---|---|---|---|---|
      """;
  private static final String ROWS =
      """
      | 2026-01-02 | GPU A | 580.1 | 0123abc | 0123456789abcdef | vocabulary, kernels, bits |
      | 2026-02-03 | GPU B | 581.2 | 4567def | fedcba9876543210 | vocabulary |
      """;

  @Test
  void theTableOfThisBuildIsThatOfThePage() throws Exception {
    assertEquals(
        VerifiedKernels.parse(Files.readString(Path.of("../../native/cuda/VERIFIED.md"))),
        VerifiedKernels.ofBuild());
  }

  @Test
  void withoutRowsNothingHasRun() {
    VerifiedKernels none = VerifiedKernels.parse(HEAD);
    String sentence = "no GPU has run its kernels yet; all their tests ran on an emulated device";
    assertEquals(sentence, none.sentence(null));
    assertEquals(sentence, none.sentence("0123456789abcdef"));
  }

  @Test
  void aRowSpeaksForItsKernelsAlone() {
    VerifiedKernels two = VerifiedKernels.parse(HEAD + ROWS);
    VerifiedKernels.Row first = two.rows().getFirst();
    assertEquals(
        new VerifiedKernels.Row(
            "2026-01-02",
            "GPU A",
            "580.1",
            "0123abc",
            "0123456789abcdef",
            "vocabulary, kernels, bits"),
        first);
    assertEquals(first, two.of("0123456789abcdef"));
    assertNull(two.of("0123"));
    assertEquals(
        "GPU A ran its kernels on 2026-01-02: vocabulary, kernels, bits",
        two.sentence("0123456789abcdef"));
    assertEquals(
        "no GPU has run its kernels 00 yet, which an emulated device ran; GPU B ran kernels"
            + " fedcba9876543210 on 2026-02-03",
        two.sentence("00"));
    assertEquals("GPU B ran kernels fedcba9876543210 on 2026-02-03", two.sentence(null));
  }

  @Test
  void anotherTableIsRefused() {
    String page = HEAD.replace("| kernels ", "");
    assertEquals(
        "VERIFIED.md: expected the columns [date, GPU, driver, commit, kernels, suites], got"
            + " | date | GPU | driver | commit | suites |",
        assertThrows(IllegalArgumentException.class, () -> VerifiedKernels.parse(page))
            .getMessage());
  }
}
