package dev.detr4j.backend.c;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.backend.host.RowSlices;
import dev.detr4j.ffi.CpuTier;
import dev.detr4j.ffi.generated.Detr4jAbi;
import dev.detr4j.ffi.generated.detr4j_weight_gradient;
import dev.detr4j.op.Convolution;
import dev.detr4j.op.KernelWindow;
import dev.detr4j.op.Linear;
import dev.detr4j.op.RowMask;
import dev.detr4j.op.gradient.ConvolutionWeightGradient;
import dev.detr4j.op.gradient.LinearWeightGradient;
import dev.detr4j.tensor.Shape;
import dev.detr4j.tensor.TensorView;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * {@link ConvolutionWeightGradient} and {@link LinearWeightGradient} by {@code
 * detr4j_weight_gradient_f32}, and that of depthwise convolutions by a kernel of its own.
 */
final class CWeightGradient {
  /** Output channels of a tile are a multiple of the rows of every tier's register tile. */
  private static final int STEP = 12;

  /** As many as keep a tile's sums and packed rows in the second cache. */
  private static final int MOST_CHANNELS = 264;

  /** Fewer, and packing x anew for each block of channels shows. */
  private static final int FEWEST_CHANNELS = 48;

  private static final int TILES_PER_THREAD = 4;

  private CWeightGradient() {}

  /** Of convolutions. */
  record OfConvolution(CpuTier tier) implements HostOp<ConvolutionWeightGradient> {
    @Override
    public @Nullable String refusal(ConvolutionWeightGradient op) {
      return op.of().groups() == 1 || op.of().isDepthwise()
          ? null
          : "backend c has no weight gradient of convolutions in %d groups"
              .formatted(op.of().groups());
    }

    @Override
    public long workspaceBytes(ConvolutionWeightGradient op, BoundNode node, HostContext context) {
      return isDepthwise(op) ? 0 : partialBytes(node, op.of().outChannels(), depth(op.of()));
    }

    private static boolean isDepthwise(ConvolutionWeightGradient op) {
      return op.of().isDepthwise() && op.of().groups() > 1;
    }

    private static int depth(Convolution of) {
      return of.window().area() * of.inChannels();
    }

    @Override
    public List<HostKernel> bind(
        ConvolutionWeightGradient op,
        BoundNode node,
        HostContext context,
        MemorySegment workspace) {
      Convolution of = op.of();
      Shape in = node.input(0).shape();
      Shape out = node.input(1).shape();
      MemorySegment p = parameters(tier, context, node, 2);
      KernelWindow window = of.window();
      detr4j_weight_gradient.in_h(p, in.get(1));
      detr4j_weight_gradient.in_w(p, in.get(2));
      detr4j_weight_gradient.in_c(p, of.inChannels());
      detr4j_weight_gradient.out_h(p, out.get(1));
      detr4j_weight_gradient.out_w(p, out.get(2));
      detr4j_weight_gradient.out_c(p, of.outChannels());
      detr4j_weight_gradient.kernel_h(p, window.height());
      detr4j_weight_gradient.kernel_w(p, window.width());
      detr4j_weight_gradient.stride(p, window.stride());
      detr4j_weight_gradient.padding(p, window.padding());
      detr4j_weight_gradient.dilation(p, window.dilation());
      if (isDepthwise(op)) {
        return TileKernel.phase(
            node,
            p,
            Detr4jAbi.detr4j_depthwise_weight_gradient_f32_tiles(p),
            0,
            (parameters, tile, scratch) ->
                Detr4jAbi.detr4j_depthwise_weight_gradient_f32(parameters, tile));
      }
      return product(node, p, context, workspace, of.outChannels(), depth(of));
    }
  }

  /** Of linear layers. */
  record OfLinear(CpuTier tier) implements HostOp<LinearWeightGradient> {
    @Override
    public long workspaceBytes(LinearWeightGradient op, BoundNode node, HostContext context) {
      return partialBytes(node, op.of().outFeatures(), op.of().inFeatures());
    }

    @Override
    public List<HostKernel> bind(
        LinearWeightGradient op, BoundNode node, HostContext context, MemorySegment workspace) {
      Linear of = op.of();
      int rows = Math.toIntExact(node.input(0).rows());
      MemorySegment p = parameters(tier, context, node, op.operands());
      detr4j_weight_gradient.in_h(p, rows);
      detr4j_weight_gradient.in_w(p, 1);
      detr4j_weight_gradient.in_c(p, of.inFeatures());
      detr4j_weight_gradient.out_h(p, rows);
      detr4j_weight_gradient.out_w(p, 1);
      detr4j_weight_gradient.out_c(p, of.outFeatures());
      detr4j_weight_gradient.kernel_h(p, 1);
      detr4j_weight_gradient.kernel_w(p, 1);
      detr4j_weight_gradient.stride(p, 1);
      detr4j_weight_gradient.padding(p, 0);
      detr4j_weight_gradient.dilation(p, 1);
      if (of.rowMask() != RowMask.NONE) {
        detr4j_weight_gradient.row_mask(p, Pointers.toContiguous(node, node.input(2)));
        detr4j_weight_gradient.row_mask_mode(
            p,
            of.rowMask() == RowMask.ZERO_INPUT
                ? Detr4jAbi.DETR4J_ROW_MASK_ZERO_INPUT()
                : Detr4jAbi.DETR4J_ROW_MASK_ZERO_OUTPUT());
      }
      return product(node, p, context, workspace, of.outFeatures(), of.inFeatures());
    }
  }

  /** What both have: x, dz and the sums, of which the first is input {@code sums}. */
  private static MemorySegment parameters(
      CpuTier tier, HostContext context, BoundNode node, int sums) {
    TensorView x = node.input(0);
    TensorView dz = node.input(1);
    MemorySegment p = detr4j_weight_gradient.allocate(context.arena());
    detr4j_weight_gradient.tier(p, tier.id());
    detr4j_weight_gradient.batch(p, x.batch());
    detr4j_weight_gradient.x(p, Pointers.to(x));
    detr4j_weight_gradient.x_row_stride(p, x.rowStride());
    detr4j_weight_gradient.x_batch_stride(p, x.batchStride());
    detr4j_weight_gradient.dz(p, Pointers.to(dz));
    detr4j_weight_gradient.dz_row_stride(p, dz.rowStride());
    detr4j_weight_gradient.dz_batch_stride(p, dz.batchStride());
    detr4j_weight_gradient.sum(p, Pointers.toContiguous(node, node.input(sums)));
    detr4j_weight_gradient.out(p, Pointers.toContiguous(node, node.output(0)));
    if (node.outputs().size() == 2) {
      detr4j_weight_gradient.bias_sum(p, Pointers.toContiguous(node, node.input(sums + 1)));
      detr4j_weight_gradient.bias_out(p, Pointers.toContiguous(node, node.output(1)));
    }
    return p;
  }

  private static long partialBytes(BoundNode node, int channels, int depth) {
    return slices(node, channels, depth).partialBytes(channels, depth);
  }

  private static RowSlices slices(BoundNode node, int channels, int depth) {
    return RowSlices.of(Math.toIntExact(node.input(1).rows()), channels, depth);
  }

  private static List<HostKernel> product(
      BoundNode node,
      MemorySegment p,
      HostContext context,
      MemorySegment partial,
      int channels,
      int depth) {
    RowSlices slices = slices(node, channels, depth);
    detr4j_weight_gradient.rows_per_tile(p, slices.rows());
    detr4j_weight_gradient.partial(p, slices.count() == 1 ? MemorySegment.NULL : partial);
    int each = Math.min(MOST_CHANNELS, (channels + STEP - 1) / STEP * STEP);
    detr4j_weight_gradient.channels_per_tile(p, each);
    // A smaller block changes no result: the order of a sum is that of the rows.
    while (each > FEWEST_CHANNELS
        && Detr4jAbi.detr4j_weight_gradient_f32_tiles(p)
            < (long) TILES_PER_THREAD * context.threads()) {
      each = Math.max(FEWEST_CHANNELS, (each / 2 + STEP - 1) / STEP * STEP);
      detr4j_weight_gradient.channels_per_tile(p, each);
    }
    List<HostKernel> phases =
        new ArrayList<>(
            TileKernel.phase(
                node,
                p,
                Detr4jAbi.detr4j_weight_gradient_f32_tiles(p),
                Detr4jAbi.detr4j_weight_gradient_f32_scratch(p),
                Detr4jAbi::detr4j_weight_gradient_f32));
    phases.addAll(
        TileKernel.phase(
            node,
            p,
            Detr4jAbi.detr4j_weight_gradient_join_f32_tiles(p),
            0,
            (parameters, tile, scratch) ->
                Detr4jAbi.detr4j_weight_gradient_join_f32(parameters, tile)));
    return phases;
  }
}
