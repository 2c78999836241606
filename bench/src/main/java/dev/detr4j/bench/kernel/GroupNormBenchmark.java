package dev.detr4j.bench.kernel;

import dev.detr4j.op.GroupNorm;
import dev.detr4j.op.LevelShape;
import dev.detr4j.op.WeightedOp;
import dev.detr4j.tensor.Shape;
import java.util.List;
import org.openjdk.jmh.annotations.Param;

/** {@link GroupNorm} of 32 groups behind the input projections of the feature levels. */
public class GroupNormBenchmark extends KernelBenchmark {
  private static final int CHANNELS = 256;

  /** From the largest map to the smallest. */
  @Param({"0", "1", "2", "3"})
  public int level;

  @Override
  KernelCase kernel(CaseSize size) {
    LevelShape map = EncoderShape.levels(size).get(level);
    String name = "group norm " + level;
    return new KernelCase(
        name,
        WeightedOp.of(
            new GroupNorm(32, CHANNELS, 1e-5f),
            new FormulaWeight(name + " weight", Shape.of(CHANNELS), 1, 0.5),
            FormulaWeight.of(name + " bias", CHANNELS)),
        List.of(KernelInput.uniform(name + " input", 1, 1, map.height(), map.width(), CHANNELS)),
        KernelCase.ofUnits(32));
  }
}
