package dev.detr4j.backend.cuda;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.OperandTypes;
import dev.detr4j.backend.Precision;
import dev.detr4j.ffi.generated.Detr4jCuda;
import dev.detr4j.ffi.generated.detr4j_cuda_conv2d;
import dev.detr4j.op.Convolution;
import dev.detr4j.op.KernelWindow;
import dev.detr4j.tensor.TensorView;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * {@link Convolution} by {@code detr4j_cuda_conv2d_f32} or its siblings for other products, and by
 * {@code detr4j_cuda_depthwise_conv2d_f32} where every channel has a filter of its own.
 *
 * @param precision of the products, but for depthwise convolutions
 */
record CudaConvolution(Precision precision) implements CudaOp<Convolution> {
  @Override
  public OperandTypes operandTypes(Convolution op) {
    return ProductTensors.operandTypes(op.isDepthwise() ? Precision.FP32 : precision);
  }

  @Override
  public @Nullable Object joint(Convolution op) {
    return op.isDepthwise() ? null : precision;
  }

  @Override
  public CudaStep bind(Convolution op, BoundNode node, CudaContext context) {
    TensorView x = node.input(0);
    TensorView out = node.output(0);
    KernelWindow window = op.window();
    MemorySegment p = detr4j_cuda_conv2d.allocate(context.arena());
    detr4j_cuda_conv2d.batch(p, x.batch());
    detr4j_cuda_conv2d.in_h(p, x.shape().get(1));
    detr4j_cuda_conv2d.in_w(p, x.shape().get(2));
    detr4j_cuda_conv2d.in_c(p, op.inChannels());
    detr4j_cuda_conv2d.out_h(p, out.shape().get(1));
    detr4j_cuda_conv2d.out_w(p, out.shape().get(2));
    detr4j_cuda_conv2d.out_c(p, op.outChannels());
    detr4j_cuda_conv2d.kernel_h(p, window.height());
    detr4j_cuda_conv2d.kernel_w(p, window.width());
    detr4j_cuda_conv2d.stride(p, window.stride());
    detr4j_cuda_conv2d.padding(p, window.padding());
    detr4j_cuda_conv2d.dilation(p, window.dilation());
    detr4j_cuda_conv2d.groups(p, op.groups());
    ProductTensors.set(p, x, op.hasResidual() ? node.input(1) : null, op.activation(), out);
    CudaWeights weights = context.weights();
    if (op.isDepthwise()) {
      // All channels as the columns of one group: [taps][channels], the layout that it reads.
      ColumnPacking channels = new ColumnPacking(op.outChannels(), 1, window.area(), 1);
      detr4j_cuda_conv2d.weight(p, channels.gapless(weights, node.weight(0)));
      if (op.hasBias()) {
        detr4j_cuda_conv2d.bias(p, weights.plain(node.weight(1)));
      }
      return new CudaStep(p, Detr4jCuda::detr4j_cuda_depthwise_conv2d_f32);
    }
    ColumnPacking packing =
        new ColumnPacking(
            op.outChannels(), op.inChannels() / op.groups(), window.area(), op.groups());
    return ProductTensors.step(
        p, weights, precision, packing, node.weight(0), node.weightOrNull(1));
  }
}
