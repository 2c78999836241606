package dev.detr4j.bench.load;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

class OpenTwiceTest {
  @Test
  void figuresTravelAsText() {
    OpenTwice.Figures figures = new OpenTwice.Figures(0.25, 1.5, 3L << 30, -4096);
    assertEquals(figures, OpenTwice.Figures.parse(figures + "\n"));
  }

  @Test
  void theMedianOfAnEvenNumberLiesBetween() {
    List<OpenTwice.Figures> figures =
        List.of(
            new OpenTwice.Figures(3, 0, 0, 0),
            new OpenTwice.Figures(1, 0, 0, 0),
            new OpenTwice.Figures(2, 0, 0, 0));
    assertEquals(2, OpenPublishedFiles.median(figures, OpenTwice.Figures::open));
    assertEquals(2, OpenPublishedFiles.median(figures.subList(0, 2), OpenTwice.Figures::open));
  }
}
