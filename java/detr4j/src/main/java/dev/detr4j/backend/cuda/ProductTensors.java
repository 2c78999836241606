package dev.detr4j.backend.cuda;

import dev.detr4j.backend.OperandTypes;
import dev.detr4j.backend.Precision;
import dev.detr4j.ffi.generated.Detr4jCuda;
import dev.detr4j.ffi.generated.detr4j_cuda_conv2d;
import dev.detr4j.op.Activation;
import dev.detr4j.tensor.ElementType;
import dev.detr4j.tensor.TensorView;
import dev.detr4j.tensor.Weight;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * What convolutions and linear layers have in common: the tensors of {@code detr4j_cuda_conv2d},
 * and the function and types that follow from the precision of their products.
 */
final class ProductTensors {
  private ProductTensors() {}

  /**
   * The types that a kernel takes. With bf16 products the input may lie in bf16, to which it would
   * be rounded anyway, and so may the output, for whoever reads it so. What is added stays fp32.
   */
  static OperandTypes operandTypes(Precision precision) {
    return precision == Precision.BF16
        ? MapTypes.bf16(ElementType.BF16, 1)
        : OperandTypes.AS_IN_GRAPH;
  }

  /** Sets weight and bias, and chooses the function. */
  static CudaStep step(
      MemorySegment p,
      CudaWeights weights,
      Precision precision,
      ColumnPacking packing,
      Weight weight,
      @Nullable Weight bias) {
    detr4j_cuda_conv2d.bias(p, packing.bias(weights, bias));
    detr4j_cuda_conv2d.weight(
        p,
        switch (precision) {
          case FP32 -> packing.weight(weights, weight);
          case TF32 -> DepthPacking.tf32(packing).weight(weights, weight);
          case BF16 -> DepthPacking.bf16(packing).weight(weights, weight);
        });
    return new CudaStep(
        p,
        precision,
        new CudaStep.Joint(
            precision,
            Detr4jCuda.DETR4J_CUDA_PRODUCTS_MOST(),
            (queue, all, count) -> enqueue(precision, queue, all, count)));
  }

  /** Puts several products on a queue, in one launch; returns a status. */
  static int enqueue(Precision precision, MemorySegment queue, MemorySegment all, int count) {
    return switch (precision) {
      case FP32 -> Detr4jCuda.detr4j_cuda_conv2d_f32(queue, all, count);
      case TF32 -> Detr4jCuda.detr4j_cuda_conv2d_tf32(queue, all, count);
      case BF16 -> Detr4jCuda.detr4j_cuda_conv2d_bf16(queue, all, count);
    };
  }

  /** Puts a linear layer and the norm behind it on a queue, in one launch; returns a status. */
  static int enqueueWithNorm(
      Precision precision, MemorySegment queue, MemorySegment linear, MemorySegment norm) {
    return switch (precision) {
      case FP32 -> Detr4jCuda.detr4j_cuda_linear_norm_f32(queue, linear, norm);
      case TF32 -> Detr4jCuda.detr4j_cuda_linear_norm_tf32(queue, linear, norm);
      case BF16 -> Detr4jCuda.detr4j_cuda_linear_norm_bf16(queue, linear, norm);
    };
  }

  static void set(
      MemorySegment p,
      TensorView x,
      @Nullable TensorView residual,
      Activation activation,
      TensorView out) {
    detr4j_cuda_conv2d.activation(p, code(activation));
    detr4j_cuda_conv2d.x_type(p, MapTypes.code(x.type()));
    detr4j_cuda_conv2d.x(p, Pointers.to(x));
    detr4j_cuda_conv2d.x_row_stride(p, x.rowStride());
    detr4j_cuda_conv2d.x_batch_stride(p, x.batchStride());
    if (residual != null) {
      detr4j_cuda_conv2d.residual(p, Pointers.to(residual));
      detr4j_cuda_conv2d.residual_row_stride(p, residual.rowStride());
      detr4j_cuda_conv2d.residual_batch_stride(p, residual.batchStride());
    }
    detr4j_cuda_conv2d.out_type(p, MapTypes.code(out.type()));
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
