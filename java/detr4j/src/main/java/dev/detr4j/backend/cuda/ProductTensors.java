package dev.detr4j.backend.cuda;

import dev.detr4j.ffi.generated.Detr4jCuda;
import dev.detr4j.ffi.generated.detr4j_cuda_conv2d;
import dev.detr4j.op.Activation;
import dev.detr4j.tensor.TensorView;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/** What convolutions and linear layers fill in alike in {@code detr4j_cuda_conv2d}. */
final class ProductTensors {
  private ProductTensors() {}

  static void set(
      MemorySegment p,
      TensorView x,
      @Nullable TensorView residual,
      Activation activation,
      TensorView out) {
    detr4j_cuda_conv2d.activation(p, code(activation));
    detr4j_cuda_conv2d.x(p, Pointers.to(x));
    detr4j_cuda_conv2d.x_row_stride(p, x.rowStride());
    detr4j_cuda_conv2d.x_batch_stride(p, x.batchStride());
    if (residual != null) {
      detr4j_cuda_conv2d.residual(p, Pointers.to(residual));
      detr4j_cuda_conv2d.residual_row_stride(p, residual.rowStride());
      detr4j_cuda_conv2d.residual_batch_stride(p, residual.batchStride());
    }
    detr4j_cuda_conv2d.out(p, Pointers.to(out));
    detr4j_cuda_conv2d.out_row_stride(p, out.rowStride());
    detr4j_cuda_conv2d.out_batch_stride(p, out.batchStride());
  }

  private static int code(Activation activation) {
    return switch (activation) {
      case NONE -> Detr4jCuda.DETR4J_CUDA_ACTIVATION_NONE();
      case RELU -> Detr4jCuda.DETR4J_CUDA_ACTIVATION_RELU();
      case GELU -> Detr4jCuda.DETR4J_CUDA_ACTIVATION_GELU();
      case SILU -> Detr4jCuda.DETR4J_CUDA_ACTIVATION_SILU();
    };
  }
}
