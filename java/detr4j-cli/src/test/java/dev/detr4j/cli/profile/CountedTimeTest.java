package dev.detr4j.cli.profile;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.detr4j.backend.Precision;
import dev.detr4j.op.Activation;
import dev.detr4j.op.Add;
import dev.detr4j.op.Linear;
import dev.detr4j.op.OpSpec;
import dev.detr4j.op.RowMask;
import dev.detr4j.profile.CallProfile;
import dev.detr4j.profile.StepTiming;
import dev.detr4j.tensor.Shape;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The counted time, against numbers worked out by hand. */
class CountedTimeTest {
  private static final StepTiming RESIZE =
      step(new Add(), Shape.of(1, 1, 1), Shape.of(1, 1, 1), 1L << 40);

  /**
   * 300 rows by 256 columns are 20 blocks of 64 x 64, one round: 2 * 64 * 64 * 256 operations at
   * 67e12 / 132 * 0.75 * 0.85 a second are 6.48 us; 3 kernels add 9.9 us.
   */
  @Test
  void aSmallProductTakesTheRoundOfOneBlock() {
    Linear linear = new Linear(256, 256, true, Activation.NONE, false, RowMask.NONE, false);
    StepTiming step = step(linear, Shape.of(1, 300, 256), Shape.of(1, 300, 256), 900_000);
    CountedTime counted = CountedTime.of(profile(3, RESIZE, step), Precision.FP32);
    assertEquals(3, counted.kernels());
    assertEquals(900_000, counted.bytes());
    assertEquals(6.48e-6 + 9.9e-6, counted.seconds(), 0.01e-6);
    assertEquals(
        "counted, not measured: 3 kernels, 1 MB, 0.02 ms on an NVIDIA H200 (work 0.01, starting"
            + " kernels 0.01)",
        counted.toString());
  }

  /**
   * 16,896 rows are 132 blocks of 128 x 128, one round: 2 * 128 * 128 * 4096 operations at 0.629 *
   * 989e12 / 132 * 0.75 a second are 37.97 us.
   */
  @Test
  void aLargeProductTakesLargeBlocks() {
    Linear linear = new Linear(4096, 128, true, Activation.NONE, false, RowMask.NONE, false);
    StepTiming step = step(linear, Shape.of(1, 16_896, 4096), Shape.of(1, 16_896, 128), 100);
    CountedTime counted = CountedTime.of(profile(0, RESIZE, step), Precision.BF16);
    assertEquals(37.97e-6, counted.seconds(), 0.01e-6);
  }

  /** 430 MB come from memory in 100 us, 22 MB from the cache in 4 us. */
  @Test
  void bytesCountWhereTheyTakeLonger() {
    StepTiming large = step(new Add(), Shape.of(1, 1, 1), Shape.of(1, 1, 1), 430_000_000);
    StepTiming small = step(new Add(), Shape.of(1, 1, 1), Shape.of(1, 1, 1), 22_000_000);
    assertEquals(
        104e-6,
        CountedTime.of(profile(0, RESIZE, large, small), Precision.FP32).seconds(),
        0.01e-6);
  }

  private static CallProfile profile(long launches, StepTiming... steps) {
    return new CallProfile(List.of(steps), List.of(1L), launches);
  }

  private static StepTiming step(OpSpec op, Shape in, Shape out, long bytes) {
    List<Shape> inputs = op instanceof Add ? List.of(in, in) : List.of(in);
    return new StepTiming("step", op, inputs, List.of(out), bytes, List.of(1L));
  }
}
