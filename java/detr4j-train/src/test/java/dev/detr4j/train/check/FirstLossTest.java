package dev.detr4j.train.check;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import dev.detr4j.train.head.NewHeads;
import dev.detr4j.train.loss.BatchCounts;
import dev.detr4j.train.loss.Criterion;
import dev.detr4j.train.loss.CriterionOptions;
import dev.detr4j.train.loss.LayerOutput;
import dev.detr4j.train.loss.LayerOutput.Stage;
import dev.detr4j.train.loss.LossValues;
import dev.detr4j.train.match.Targets;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The loss of heads whose weights are 0 is their bias alone, which can be worked out. */
class FirstLossTest {
  private static final int QUERIES = 300;
  private static final int CLASSES = 5;

  private static LossValues loss(float bias, Targets targets, BatchCounts counts) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment logits = arena.allocate(4L * QUERIES * CLASSES);
      MemorySegment boxes = arena.allocate(16L * QUERIES);
      for (int i = 0; i < QUERIES * CLASSES; i++) {
        logits.setAtIndex(ValueLayout.JAVA_FLOAT, i, bias);
      }
      for (int i = 0; i < 4 * QUERIES; i++) {
        boxes.setAtIndex(ValueLayout.JAVA_FLOAT, i, 0.3f + 0.0001f * i);
      }
      LayerOutput layer =
          new LayerOutput(
              Stage.LAST,
              1,
              QUERIES,
              CLASSES,
              logits,
              boxes,
              arena.allocate(logits.byteSize()),
              arena.allocate(boxes.byteSize()));
      return new Criterion(CriterionOptions.ORIGINAL_DEFORMABLE)
          .compute(List.of(layer), List.of(targets), counts);
    }
  }

  @Test
  void newHeadsBeginWhereTheirBiasSays() {
    Targets targets =
        new Targets(new int[] {2, 0}, new float[] {.4f, .4f, .4f, .4f, .6f, .5f, .2f, .2f});
    BatchCounts counts = BatchCounts.of(List.of(targets), QUERIES);
    CriterionOptions options = CriterionOptions.ORIGINAL_DEFORMABLE;
    LossValues first = loss(NewHeads.PRIOR_BIAS, targets, counts);
    double expected = FirstLoss.expectedFocal(options, counts, CLASSES);
    // The bias is a float: 1.5e-8 of 4.6.
    assertEquals(expected, first.layers().getFirst().classes(), 1e-6 * expected);
    assertNull(FirstLoss.oddity(options, first, counts, CLASSES));
    assertNotNull(FirstLoss.oddity(options, loss(0, targets, counts), counts, CLASSES));
  }
}
