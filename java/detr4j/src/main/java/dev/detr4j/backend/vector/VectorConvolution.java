package dev.detr4j.backend.vector;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.Precision;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.backend.host.PanelPacking;
import dev.detr4j.backend.host.WinogradChoice;
import dev.detr4j.backend.host.WinogradPacking;
import dev.detr4j.op.Convolution;
import dev.detr4j.op.RowMask;
import dev.detr4j.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * {@link Convolution} by {@link ImplicitGemm}; by {@link DepthwiseConvolution} when every channel
 * has its own kernel, and by {@link WinogradConvolution} where {@link WinogradChoice} says so.
 */
final class VectorConvolution implements HostOp<Convolution> {
  @Override
  public List<HostKernel> bind(
      Convolution op, BoundNode node, HostContext context, MemorySegment workspace) {
    Shape in = node.input(0).shape();
    Shape shape = node.output(0).shape();
    Window window =
        new Window(
            in.get(1),
            in.get(2),
            shape.get(1),
            shape.get(2),
            op.kernelHeight(),
            op.kernelWidth(),
            op.stride(),
            op.padding(),
            op.dilation());
    Rows x = Rows.of(node.input(0));
    Rows residual = op.hasResidual() ? Rows.of(node.input(1)) : Rows.none();
    Rows out = Rows.of(node.output(0));
    if (op.groups() == op.inChannels() && op.groups() == op.outChannels() && op.groups() > 1) {
      return List.of(
          DepthwiseConvolution.bind(op, window, shape.get(0), x, residual, out, context));
    }
    WinogradPacking packing = WinogradChoice.of(op, node.output(0), Precision.FP32);
    if (packing != null) {
      return List.of(
          new WinogradConvolution(
              packing,
              op,
              window,
              shape.get(0),
              x,
              residual,
              out,
              packing
                  .weight(context.weights(), op, RegisterTile.TILE_COLUMNS, Precision.FP32)
                  .address(),
              PanelBias.address(context, op.bias(), op.outChannels(), 1),
              context.threads()));
    }
    return List.of(
        new ImplicitGemm(
            window,
            shape.get(0),
            op.groups(),
            op.inChannels(),
            op.outChannels(),
            x,
            residual,
            Rows.none(),
            out,
            PanelPacking.weight(context.weights(), op, RegisterTile.TILE_COLUMNS).address(),
            PanelBias.address(context, op.bias(), op.outChannels(), op.groups()),
            RowMask.NONE,
            op.activation(),
            context.threads()));
  }
}
