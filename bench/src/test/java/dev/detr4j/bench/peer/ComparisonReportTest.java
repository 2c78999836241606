package dev.detr4j.bench.peer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.Color;
import java.awt.image.BufferedImage;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class ComparisonReportTest {
  @BeforeAll
  static void withoutScreen() {
    System.setProperty("java.awt.headless", "true");
  }

  @Test
  void theTableHasARatioForEachPeer() {
    assertEquals(
        """
        # some-model, 1x3x80x100

        - machine: a machine
        - JDK: a JDK
        - commit: 0123abc
        - taken: 2026-01-02 03:04 UTC
        - 3 rounds
        - timed: normalised pixels in memory to logits and boxes in memory
        - spread: from the shortest to the longest, in per cent of the median

        ![chart](chart.png)

        ## 1 thread

        | | median s | min s | max s | spread | ONNX Runtime / this | PyTorch / this | CPU s (median) | largest difference from ONNX Runtime 9.9 |
        |---|---|---|---|---|---|---|---|---|
        | ONNX Runtime 9.9 | 3.000 | 2.000 | 4.000 | 67 % | 1.00 | 4.00 | 3.000 |  |
        | PyTorch 9 eager | 12.000 | 12.000 | 12.000 | 0 % | 0.25 | 1.00 | 12.000 | logits 1.0e-04, boxes 2.0e-06, 1 queries moved |
        | detr4j c (sse9) | 1.500 | 1.000 | 2.000 | 67 % | 2.00 | 8.00 | 1.500 | logits 1.0e-04, boxes 2.0e-06, 1 queries moved |

        load averages 0.1 0.2 0.3 before, 0.4 0.5 0.6 after
        """,
        ComparisonMarkdown.of(ComparisonReports.fixture(), "chart.png"));
  }

  /** Bars begin at one place and are as long as medians, in the colours of peers and of detr4j. */
  @Test
  void barsAreAsLongAsMedians() {
    BufferedImage picture = ComparisonPicture.draw(ComparisonReports.fixture());
    int peers = longestRun(picture, new Color(0xb4bcc6));
    int ours = longestRun(picture, new Color(0x0072b2));
    assertEquals(12 / 1.5, (double) peers / ours, 0.1, peers + " and " + ours + " pixels");
    assertTrue(peers < picture.getWidth() / 2, peers + " pixels");
  }

  /** The most pixels of a colour in one row. */
  private static int longestRun(BufferedImage picture, Color colour) {
    int most = 0;
    for (int y = 0; y < picture.getHeight(); y++) {
      int run = 0;
      for (int x = 0; x < picture.getWidth(); x++) {
        run += picture.getRGB(x, y) == colour.getRGB() ? 1 : 0;
      }
      most = Math.max(most, run);
    }
    return most;
  }
}
