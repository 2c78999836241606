package dev.detr4j.backend.c;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.OperandTypes;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.backend.host.HostWeights;
import dev.detr4j.backend.host.PanelPacking;
import dev.detr4j.backend.host.WinogradChoice;
import dev.detr4j.backend.host.WinogradPacking;
import dev.detr4j.ffi.CpuTier;
import dev.detr4j.ffi.generated.Detr4jAbi;
import dev.detr4j.ffi.generated.detr4j_conv2d;
import dev.detr4j.op.Convolution;
import dev.detr4j.op.KernelWindow;
import dev.detr4j.tensor.ElementType;
import dev.detr4j.tensor.TensorView;
import dev.detr4j.tensor.Weight;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * {@link Convolution} by {@code detr4j_conv2d_f32}; by {@code detr4j_depthwise_conv2d_f32} where
 * every channel has a filter of its own, and by {@code detr4j_winograd_conv2d_f32} or {@code
 * detr4j_winograd4_conv2d_f32} where {@link WinogradChoice} says so. With products of another type
 * by the functions of that name, but for depthwise convolutions.
 *
 * @param products the type that is multiplied in, but for depthwise convolutions
 */
record CConvolution(CpuTier tier, ElementType products) implements HostOp<Convolution> {
  @Override
  public List<HostKernel> bind(
      Convolution op, BoundNode node, HostContext context, MemorySegment workspace) {
    MemorySegment p = extents(op, node, context);
    if (op.isDepthwise()) {
      return depthwise(op, node, context, p);
    }
    WinogradPacking packing = inTiles() ? null : WinogradChoice.of(op, node.output(0), products);
    return packing == null ? dense(op, node, context, p) : winograd(packing, op, node, context, p);
  }

  @Override
  public OperandTypes operandTypes(Convolution op) {
    return ConvolutionParameters.operandTypes(op.isDepthwise() ? ElementType.F32 : products);
  }

  /** Then products are so cheap that Winograd's transforms cost more than they save. */
  private boolean inTiles() {
    return products == ElementType.BF16 && tier.hasMatrixTiles();
  }

  private MemorySegment extents(Convolution op, BoundNode node, HostContext context) {
    TensorView x = node.input(0);
    TensorView out = node.output(0);
    KernelWindow window = op.window();
    MemorySegment p = detr4j_conv2d.allocate(context.arena());
    detr4j_conv2d.tier(p, tier.id());
    detr4j_conv2d.batch(p, x.batch());
    detr4j_conv2d.in_h(p, x.shape().get(1));
    detr4j_conv2d.in_w(p, x.shape().get(2));
    detr4j_conv2d.in_c(p, op.inChannels());
    detr4j_conv2d.out_h(p, out.shape().get(1));
    detr4j_conv2d.out_w(p, out.shape().get(2));
    detr4j_conv2d.out_c(p, op.outChannels());
    detr4j_conv2d.kernel_h(p, window.height());
    detr4j_conv2d.kernel_w(p, window.width());
    detr4j_conv2d.stride(p, window.stride());
    detr4j_conv2d.padding(p, window.padding());
    detr4j_conv2d.dilation(p, window.dilation());
    detr4j_conv2d.groups(p, op.groups());
    detr4j_conv2d.row_mask_mode(p, Detr4jAbi.DETR4J_ROW_MASK_NONE());
    return p;
  }

  private List<HostKernel> dense(
      Convolution op, BoundNode node, HostContext context, MemorySegment p) {
    int columns = tier.panelColumns();
    HostWeights weights = context.weights();
    ConvolutionParameters.setTensors(
        p,
        node.input(0),
        PanelPacking.weight(weights, op, node.weight(0), columns, products),
        PanelPacking.bias(weights, node.weightOrNull(1), op.outChannels(), op.groups(), columns),
        residual(op, node),
        op.activation(),
        node.output(0));
    int panels = op.groups() * PanelPacking.panels(op.outChannels(), op.groups(), columns);
    return ConvolutionParameters.matrixProduct(node, context, p, panels, products, tier);
  }

  private List<HostKernel> winograd(
      WinogradPacking packing,
      Convolution op,
      BoundNode node,
      HostContext context,
      MemorySegment p) {
    int columns = tier.panelColumns();
    HostWeights weights = context.weights();
    TensorView out = node.output(0);
    ConvolutionParameters.setTensors(
        p,
        node.input(0),
        packing.weight(weights, op, node.weight(0), columns, products),
        PanelPacking.bias(weights, node.weightOrNull(1), op.outChannels(), 1, columns),
        residual(op, node),
        op.activation(),
        out);
    long depth = (long) packing.elements() * op.inChannels();
    TileSizes.Block block =
        TileSizes.REGISTERS.block(
            context.threads(),
            out.batch(),
            packing.squares(out.shape().get(1), out.shape().get(2)),
            PanelPacking.panels(op.outChannels(), 1, columns),
            depth * products.bytes(),
            depth * op.outChannels());
    detr4j_conv2d.rows_per_tile(p, block.rows());
    detr4j_conv2d.panels_per_tile(p, block.panels());
    return switch (products) {
      case F32 ->
          packing == WinogradPacking.F4
              ? TileKernel.phase(
                  node,
                  p,
                  Detr4jAbi.detr4j_winograd4_conv2d_f32_tiles(p),
                  Detr4jAbi.detr4j_winograd4_conv2d_f32_scratch(p),
                  Detr4jAbi::detr4j_winograd4_conv2d_f32)
              : TileKernel.phase(
                  node,
                  p,
                  Detr4jAbi.detr4j_winograd_conv2d_f32_tiles(p),
                  Detr4jAbi.detr4j_winograd_conv2d_f32_scratch(p),
                  Detr4jAbi::detr4j_winograd_conv2d_f32);
      case BF16 ->
          TileKernel.phase(
              node,
              p,
              Detr4jAbi.detr4j_winograd_conv2d_bf16_tiles(p),
              Detr4jAbi.detr4j_winograd_conv2d_bf16_scratch(p),
              Detr4jAbi::detr4j_winograd_conv2d_bf16);
      case I32, U8 -> throw ConvolutionParameters.noProducts(products);
    };
  }

  private static List<HostKernel> depthwise(
      Convolution op, BoundNode node, HostContext context, MemorySegment p) {
    HostWeights weights = context.weights();
    TensorView out = node.output(0);
    ConvolutionParameters.setTensors(
        p,
        node.input(0),
        channelsLast(weights, op, node.weight(0)),
        op.hasBias() ? weights.plain(node.weight(1)) : null,
        residual(op, node),
        op.activation(),
        out);
    int taps = op.window().area();
    detr4j_conv2d.rows_per_tile(
        p,
        TileSizes.rows(
            context.threads(),
            out.batch(),
            out.shape().get(1),
            (long) out.shape().get(2) * op.outChannels() * taps));
    return TileKernel.phase(
        node,
        p,
        Detr4jAbi.detr4j_depthwise_conv2d_f32_tiles(p),
        0,
        (parameters, tile, scratch) -> Detr4jAbi.detr4j_depthwise_conv2d_f32(parameters, tile));
  }

  /** {@code [channels][height][width]} of a checkpoint as {@code [height][width][channels]}. */
  private static MemorySegment channelsLast(HostWeights weights, Convolution op, Weight weight) {
    int channels = op.outChannels();
    int taps = op.window().area();
    return weights.packed(
        weight,
        "channels-last",
        4L * channels * taps,
        (values, packed) -> {
          for (int c = 0; c < channels; c++) {
            for (int t = 0; t < taps; t++) {
              packed.setAtIndex(
                  ValueLayout.JAVA_FLOAT,
                  (long) t * channels + c,
                  values.getAtIndex(ValueLayout.JAVA_FLOAT, (long) c * taps + t));
            }
          }
        });
  }

  private static @Nullable TensorView residual(Convolution op, BoundNode node) {
    return op.hasResidual() ? node.input(1) : null;
  }
}
