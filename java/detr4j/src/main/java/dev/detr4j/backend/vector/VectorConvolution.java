package dev.detr4j.backend.vector;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.backend.host.PanelPacking;
import dev.detr4j.backend.host.WinogradChoice;
import dev.detr4j.backend.host.WinogradPacking;
import dev.detr4j.op.Convolution;
import dev.detr4j.tensor.ElementType;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * {@link Convolution} by {@link ImplicitGemm}; by {@link DepthwiseConvolution} or {@link
 * PixelwiseConvolution} when every channel has its own kernel, and by {@link WinogradConvolution}
 * where {@link WinogradChoice} says so.
 */
final class VectorConvolution implements HostOp<Convolution> {
  @Override
  public List<HostKernel> bind(
      Convolution op, BoundNode node, HostContext context, MemorySegment workspace) {
    Window window = Window.between(node.input(0).shape(), node.output(0).shape(), op.window());
    Maps maps = Maps.of(node, op.hasResidual());
    if (op.isDepthwise() && op.groups() > 1) {
      return List.of(
          PixelwiseConvolution.suits(op, window, maps)
              ? PixelwiseConvolution.bind(op, window, maps, node, context)
              : DepthwiseConvolution.bind(op, window, maps, node, context));
    }
    long bias = PanelBias.address(context, node.weightOrNull(1), op.outChannels(), op.groups());
    WinogradPacking packing = WinogradChoice.of(op, node.output(0), ElementType.F32);
    if (packing != null) {
      MemorySegment weight =
          packing.weight(
              context.weights(), op, node.weight(0), RegisterTile.TILE_COLUMNS, ElementType.F32);
      return List.of(
          new WinogradConvolution(
              packing,
              op,
              window,
              maps,
              new PackedWeights(weight.address(), bias),
              context.threads()));
    }
    MemorySegment weight =
        PanelPacking.weight(
            context.weights(), op, node.weight(0), RegisterTile.TILE_COLUMNS, ElementType.F32);
    return List.of(
        new ImplicitGemm(
            window,
            new ImplicitGemm.Channels(op.inChannels(), op.outChannels(), op.groups()),
            maps,
            ImplicitGemm.Mask.NONE,
            new PackedWeights(weight.address(), bias),
            op.activation(),
            context.threads()));
  }
}
