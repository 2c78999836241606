package dev.detr4j.bench.load;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

class OpenOnceTest {
  @Test
  void figuresTravelAsText() {
    OpenOnce.Figures figures = new OpenOnce.Figures(0.25, 1.5, 3L << 30, -4096);
    assertEquals(figures, OpenOnce.Figures.parse(figures + "\n"));
  }

  @Test
  void theMedianOfAnEvenNumberLiesBetween() {
    List<OpenOnce.Figures> figures =
        List.of(
            new OpenOnce.Figures(3, 0, 0, 0),
            new OpenOnce.Figures(1, 0, 0, 0),
            new OpenOnce.Figures(2, 0, 0, 0));
    assertEquals(2, OpenPublishedFiles.median(figures, OpenOnce.Figures::open));
    assertEquals(2, OpenPublishedFiles.median(figures.subList(0, 2), OpenOnce.Figures::open));
  }
}
