package dev.detr4j.backend.c;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.backend.host.HostWeights;
import dev.detr4j.backend.host.PanelPacking;
import dev.detr4j.ffi.CpuTier;
import dev.detr4j.ffi.generated.Detr4jAbi;
import dev.detr4j.ffi.generated.detr4j_conv2d;
import dev.detr4j.op.Convolution;
import dev.detr4j.tensor.TensorView;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * {@link Convolution} by {@code detr4j_conv2d_f32}, or by {@code detr4j_depthwise_conv2d_f32} where
 * every channel has a filter of its own.
 */
record CConvolution(CpuTier tier) implements HostOp<Convolution> {
  @Override
  public List<HostKernel> bind(
      Convolution op, BoundNode node, HostContext context, MemorySegment workspace) {
    MemorySegment p = extents(op, node, context);
    boolean depthwise = op.groups() == op.inChannels() && op.groups() == op.outChannels();
    return depthwise ? depthwise(op, node, context, p) : dense(op, node, context, p);
  }

  private MemorySegment extents(Convolution op, BoundNode node, HostContext context) {
    TensorView x = node.input(0);
    TensorView out = node.output(0);
    MemorySegment p = detr4j_conv2d.allocate(context.arena());
    detr4j_conv2d.tier(p, tier.id());
    detr4j_conv2d.batch(p, x.batch());
    detr4j_conv2d.in_h(p, x.shape().get(1));
    detr4j_conv2d.in_w(p, x.shape().get(2));
    detr4j_conv2d.in_c(p, op.inChannels());
    detr4j_conv2d.out_h(p, out.shape().get(1));
    detr4j_conv2d.out_w(p, out.shape().get(2));
    detr4j_conv2d.out_c(p, op.outChannels());
    detr4j_conv2d.kernel_h(p, op.kernelHeight());
    detr4j_conv2d.kernel_w(p, op.kernelWidth());
    detr4j_conv2d.stride(p, op.stride());
    detr4j_conv2d.padding(p, op.padding());
    detr4j_conv2d.dilation(p, op.dilation());
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
        PanelPacking.weight(weights, op, columns),
        PanelPacking.bias(weights, op.bias(), op.outChannels(), op.groups(), columns),
        residual(op, node),
        op.activation(),
        node.output(0));
    int panels = op.groups() * PanelPacking.panels(op.outChannels(), op.groups(), columns);
    return ConvolutionParameters.matrixProduct(node, context, p, panels);
  }

  private static List<HostKernel> depthwise(
      Convolution op, BoundNode node, HostContext context, MemorySegment p) {
    HostWeights weights = context.weights();
    TensorView out = node.output(0);
    ConvolutionParameters.setTensors(
        p,
        node.input(0),
        channelsLast(weights, op),
        op.bias() == null ? null : weights.plain(op.bias()),
        residual(op, node),
        op.activation(),
        out);
    int taps = op.kernelHeight() * op.kernelWidth();
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
  private static MemorySegment channelsLast(HostWeights weights, Convolution op) {
    int channels = op.outChannels();
    int taps = op.kernelHeight() * op.kernelWidth();
    return weights.packed(
        op.weight(),
        "channels-last",
        4L * channels * taps,
        (values, packed) -> {
          for (int c = 0; c < channels && values != null; c++) {
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
