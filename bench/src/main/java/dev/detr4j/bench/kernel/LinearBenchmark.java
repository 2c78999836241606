package dev.detr4j.bench.kernel;

import dev.detr4j.op.Activation;
import dev.detr4j.op.Linear;
import dev.detr4j.op.WeightedOp;
import java.util.List;
import org.openjdk.jmh.annotations.Param;

/**
 * {@link Linear} on the tokens of a deformable encoder: products of {@code [17821, in]} and {@code
 * [in, out]}, plus a bias.
 */
public class LinearBenchmark extends KernelBenchmark {
  /** Its attention's projections and both layers of its feed-forward. */
  @Param({"256x256", "256x1024", "1024x256"})
  public String layer;

  @Override
  KernelCase kernel(CaseSize size) {
    return kernel(layer, size);
  }

  static KernelCase kernel(String layer, CaseSize size) {
    int by = layer.indexOf('x');
    int in = Integer.parseInt(layer.substring(0, by));
    int out = Integer.parseInt(layer.substring(by + 1));
    int tokens = size == CaseSize.REAL ? EncoderShape.tokens(size) : 61;
    String name = "linear " + layer;
    return new KernelCase(
        name,
        WeightedOp.linear(
            FormulaWeight.of(name + " weight", out, in),
            FormulaWeight.of(name + " bias", out),
            Activation.NONE),
        List.of(KernelInput.uniform(name + " input", 1, 1, tokens, in)),
        KernelCase.ofSum(in));
  }
}
