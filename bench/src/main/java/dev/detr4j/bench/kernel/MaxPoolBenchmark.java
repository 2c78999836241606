package dev.detr4j.bench.kernel;

import dev.detr4j.op.MaxPool;
import java.util.List;

/** {@link MaxPool} behind the stem of a ResNet: 3x3, stride 2. */
public class MaxPoolBenchmark extends KernelBenchmark {
  @Override
  KernelCase kernel(CaseSize size) {
    boolean real = size == CaseSize.REAL;
    return new KernelCase(
        "max pool",
        new MaxPool(3, 2, 1),
        List.of(KernelInput.uniform("max pool input", 1, 1, real ? 400 : 14, real ? 533 : 19, 64)),
        KernelCase.EXACT);
  }
}
