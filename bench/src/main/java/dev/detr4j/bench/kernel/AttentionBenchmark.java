package dev.detr4j.bench.kernel;

import dev.detr4j.op.Attention;
import java.util.List;
import org.openjdk.jmh.annotations.Param;

/** {@link Attention}: 8 heads of 32 channels, queries x keys. */
public class AttentionBenchmark extends KernelBenchmark {
  private static final int HEADS = 8;
  private static final int HEAD_DIM = 32;

  /** DETR's encoder, its decoder on the encoder, and the decoders' queries among themselves. */
  @Param({"850x850", "100x850", "100x100", "300x300"})
  public String shape;

  @Override
  KernelCase kernel(CaseSize size) {
    int by = shape.indexOf('x');
    int part = size == CaseSize.REAL ? 1 : 9;
    int queries = Integer.parseInt(shape.substring(0, by)) / part;
    int keys = Integer.parseInt(shape.substring(by + 1)) / part;
    int columns = HEADS * HEAD_DIM;
    String name = "attention " + shape;
    return new KernelCase(
        name,
        new Attention(HEADS, HEAD_DIM, (float) (1 / Math.sqrt(HEAD_DIM)), false),
        List.of(
            KernelInput.uniform(name + " queries", 1, 1, queries, columns),
            KernelInput.uniform(name + " keys", 1, 1, keys, columns),
            KernelInput.uniform(name + " values", 1, 1, keys, columns)),
        // The rounding of a logit becomes a relative error of its weight.
        KernelCase.ofUnits(16 + HEAD_DIM / 2.0 + keys / 8.0));
  }
}
