package dev.detr4j.bench.kernel;

import dev.detr4j.op.Convolution;
import org.openjdk.jmh.annotations.Param;

/** {@link Convolution} with its bias, residual and activation, as ResNet-50 has them. */
public class ConvolutionBenchmark extends KernelBenchmark {
  /** Which of them. */
  @Param public ResNetConvolution convolution;

  @Override
  KernelCase kernel(CaseSize size) {
    return convolution.fused(size);
  }
}
