package dev.detr4j.bench.kernel;

import dev.detr4j.op.TopK;
import java.util.List;
import org.openjdk.jmh.annotations.Param;

/** {@link TopK} of a two-stage model's proposals and of the scores of its queries. */
public class TopKBenchmark extends KernelBenchmark {
  /** 300 of 17,821 tokens, or 100 of 300 queries x 91 classes. */
  @Param({"proposals", "detections"})
  public String scores;

  @Override
  KernelCase kernel(CaseSize size) {
    boolean proposals = scores.equals("proposals");
    int rows = proposals ? EncoderShape.tokens(size) : size == CaseSize.REAL ? 300 : 30;
    int k = (proposals ? 300 : 100) / (size == CaseSize.REAL ? 1 : 10);
    String name = "top k " + scores;
    return new KernelCase(
        name,
        new TopK(k),
        List.of(KernelInput.uniform(name, 4, 1, rows, proposals ? 1 : 91)),
        KernelCase.EXACT);
  }
}
