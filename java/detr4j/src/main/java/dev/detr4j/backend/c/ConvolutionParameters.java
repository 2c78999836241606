package dev.detr4j.backend.c;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.OperandTypes;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.ffi.CpuTier;
import dev.detr4j.ffi.generated.Detr4jAbi;
import dev.detr4j.ffi.generated.detr4j_conv2d;
import dev.detr4j.op.Activation;
import dev.detr4j.tensor.ElementType;
import dev.detr4j.tensor.TensorView;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What convolutions and linear layers fill in alike in {@code detr4j_conv2d}. */
final class ConvolutionParameters {
  /**
   * Outputs above this size are written past the caches. With 32 MB of L3 for two cores, a
   * two-stage model took 1.63 s without, 1.60 s from 24 MB on, and 1.57 s from 12 MB on.
   */
  private static final long STREAMED_BYTES = 12 << 20;

  private ConvolutionParameters() {}

  /**
   * What a kernel with products of this type takes. The input may lie in that type: it would be
   * rounded to it anyway. So may the output, for whoever reads it so. What is added stays fp32:
   * rounding it would be an error of its own.
   */
  static OperandTypes operandTypes(ElementType products) {
    if (products == ElementType.F32) {
      return OperandTypes.AS_IN_GRAPH;
    }
    List<List<ElementType>> map = List.of(List.of(products, ElementType.F32));
    return new OperandTypes(products, map, map);
  }

  /** Sets the tensors and what is fused behind the sum. */
  static void setTensors(
      MemorySegment p,
      TensorView x,
      MemorySegment weight,
      @Nullable MemorySegment bias,
      @Nullable TensorView residual,
      Activation activation,
      TensorView out) {
    detr4j_conv2d.activation(p, code(activation));
    detr4j_conv2d.x_type(p, TypeCode.of(x.type()));
    detr4j_conv2d.x(p, Pointers.to(x));
    detr4j_conv2d.x_row_stride(p, x.rowStride());
    detr4j_conv2d.x_batch_stride(p, x.batchStride());
    detr4j_conv2d.weight(p, weight);
    detr4j_conv2d.bias(p, Pointers.to(bias));
    if (residual != null) {
      detr4j_conv2d.residual(p, Pointers.to(residual));
      detr4j_conv2d.residual_row_stride(p, residual.rowStride());
      detr4j_conv2d.residual_batch_stride(p, residual.batchStride());
    }
    detr4j_conv2d.out_type(p, TypeCode.of(out.type()));
    detr4j_conv2d.stream_output(p, out.spanBytes() > STREAMED_BYTES ? 1 : 0);
    detr4j_conv2d.out(p, Pointers.to(out));
    detr4j_conv2d.out_row_stride(p, out.rowStride());
    detr4j_conv2d.out_batch_stride(p, out.batchStride());
  }

  /** Cuts a matrix product into tiles and makes its kernel. */
  static List<HostKernel> matrixProduct(
      BoundNode node,
      HostContext context,
      MemorySegment p,
      int panels,
      ElementType products,
      CpuTier tier) {
    boolean inTiles = products == ElementType.BF16 && tier.hasMatrixTiles();
    long depth =
        (long) detr4j_conv2d.kernel_h(p)
            * detr4j_conv2d.kernel_w(p)
            * (detr4j_conv2d.in_c(p) / detr4j_conv2d.groups(p));
    long stride = detr4j_conv2d.stride(p);
    TileSizes.Block block =
        (inTiles ? TileSizes.MATRIX_TILES : TileSizes.REGISTERS)
            .block(
                context.threads(),
                detr4j_conv2d.batch(p),
                (long) detr4j_conv2d.out_h(p) * detr4j_conv2d.out_w(p),
                panels,
                inputBytes(p, depth, stride, products, inTiles),
                depth * detr4j_conv2d.out_c(p));
    detr4j_conv2d.rows_per_tile(p, block.rows());
    detr4j_conv2d.panels_per_tile(p, block.panels());
    detr4j_conv2d.tiles_at_once(p, context.threads());
    return switch (products) {
      case F32 ->
          TileKernel.phase(
              node,
              p,
              Detr4jAbi.detr4j_conv2d_f32_tiles(p),
              Detr4jAbi.detr4j_conv2d_f32_scratch(p),
              Detr4jAbi::detr4j_conv2d_f32);
      case BF16 ->
          TileKernel.phase(
              node,
              p,
              Detr4jAbi.detr4j_conv2d_bf16_tiles(p),
              Detr4jAbi.detr4j_conv2d_bf16_scratch(p),
              Detr4jAbi::detr4j_conv2d_bf16);
      case I32, U8 -> throw noProducts(products);
    };
  }

  /** What a choice of kernels throws for a type that none of them multiplies in. */
  static IllegalArgumentException noProducts(ElementType products) {
    return new IllegalArgumentException("the C library has no products of " + products);
  }

  /**
   * Of one more output pixel: its part of the map, or a rounded copy of its window. Matrix tiles
   * take a copy of its part of the map where windows overlap.
   */
  private static long inputBytes(
      MemorySegment p, long depth, long stride, ElementType products, boolean inTiles) {
    long part =
        products == ElementType.F32 || (inTiles && stride == 1 && detr4j_conv2d.groups(p) == 1)
            ? Math.min(depth, stride * stride * detr4j_conv2d.in_c(p))
            : depth * detr4j_conv2d.groups(p);
    return part * products.bytes();
  }

  private static int code(Activation activation) {
    return switch (activation) {
      case NONE -> Detr4jAbi.DETR4J_ACTIVATION_NONE();
      case RELU -> Detr4jAbi.DETR4J_ACTIVATION_RELU();
      case GELU -> Detr4jAbi.DETR4J_ACTIVATION_GELU();
      case SILU -> Detr4jAbi.DETR4J_ACTIVATION_SILU();
    };
  }
}
