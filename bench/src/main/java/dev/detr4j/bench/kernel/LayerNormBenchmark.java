package dev.detr4j.bench.kernel;

import dev.detr4j.op.LayerNorm;
import dev.detr4j.op.WeightedOp;
import dev.detr4j.tensor.Shape;
import java.util.List;
import org.openjdk.jmh.annotations.Param;

/** {@link LayerNorm} of a sum, with the position added to a second output, as in the encoders. */
public class LayerNormBenchmark extends KernelBenchmark {
  private static final int CHANNELS = 256;

  /** Tokens of the deformable encoder, of DETR's, and queries of a decoder. */
  @Param({"17821", "850", "300"})
  public int rows;

  @Override
  KernelCase kernel(CaseSize size) {
    int count = size == CaseSize.REAL ? rows : 37;
    String name = "layer norm " + rows;
    return new KernelCase(
        name,
        WeightedOp.of(
            new LayerNorm(CHANNELS, 1e-5f, true, true),
            new FormulaWeight(name + " weight", Shape.of(CHANNELS), 1, 0.5),
            FormulaWeight.of(name + " bias", CHANNELS)),
        List.of(
            KernelInput.uniform(name + " input", 1, 1, count, CHANNELS),
            KernelInput.uniform(name + " residual", 1, 1, count, CHANNELS),
            KernelInput.uniform(name + " position", 1, 1, count, CHANNELS)),
        KernelCase.ofUnits(24 + CHANNELS / 16.0));
  }
}
