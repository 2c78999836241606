package dev.detr4j.backend.c;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.backend.host.NormSums;
import dev.detr4j.ffi.CpuTier;
import dev.detr4j.ffi.generated.Detr4jAbi;
import dev.detr4j.ffi.generated.detr4j_layer_norm_gradient;
import dev.detr4j.op.LayerNorm;
import dev.detr4j.op.gradient.LayerNormGradient;
import dev.detr4j.tensor.TensorView;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * {@link LayerNormGradient} by {@code detr4j_layer_norm_gradient_f32}; then its tiles are added up.
 */
record CLayerNormGradient(CpuTier tier) implements HostOp<LayerNormGradient> {
  @Override
  public long workspaceBytes(LayerNormGradient op, BoundNode node, HostContext context) {
    TensorView x = node.input(0);
    int channels = op.of().channels();
    int rows = NormSums.rowsPerTile(x.batch(), x.rows(), channels);
    return 8L * channels * NormSums.tiles(x.batch(), x.rows(), rows);
  }

  @Override
  public List<HostKernel> bind(
      LayerNormGradient op, BoundNode node, HostContext context, MemorySegment workspace) {
    LayerNorm of = op.of();
    TensorView x = node.input(0);
    int next = of.hasResidual() ? 2 : 1;
    TensorView dy = node.input(next);
    TensorView dx = node.output(0);
    int rows = NormSums.rowsPerTile(x.batch(), x.rows(), of.channels());
    MemorySegment p = detr4j_layer_norm_gradient.allocate(context.arena());
    detr4j_layer_norm_gradient.tier(p, tier.id());
    detr4j_layer_norm_gradient.batch(p, x.batch());
    detr4j_layer_norm_gradient.rows(p, x.rows());
    detr4j_layer_norm_gradient.channels(p, of.channels());
    detr4j_layer_norm_gradient.rows_per_tile(p, rows);
    detr4j_layer_norm_gradient.epsilon(p, of.epsilon());
    detr4j_layer_norm_gradient.weight(p, context.weights().plain(node.weight(0)));
    detr4j_layer_norm_gradient.sums(p, workspace);
    detr4j_layer_norm_gradient.x(p, Pointers.to(x));
    detr4j_layer_norm_gradient.x_row_stride(p, x.rowStride());
    detr4j_layer_norm_gradient.x_batch_stride(p, x.batchStride());
    if (of.hasResidual()) {
      TensorView residual = node.input(1);
      detr4j_layer_norm_gradient.residual(p, Pointers.to(residual));
      detr4j_layer_norm_gradient.residual_row_stride(p, residual.rowStride());
      detr4j_layer_norm_gradient.residual_batch_stride(p, residual.batchStride());
    }
    detr4j_layer_norm_gradient.dy(p, Pointers.to(dy));
    detr4j_layer_norm_gradient.dy_row_stride(p, dy.rowStride());
    detr4j_layer_norm_gradient.dy_batch_stride(p, dy.batchStride());
    detr4j_layer_norm_gradient.dx(p, Pointers.to(dx));
    detr4j_layer_norm_gradient.dx_row_stride(p, dx.rowStride());
    detr4j_layer_norm_gradient.dx_batch_stride(p, dx.batchStride());
    List<HostKernel> phases =
        new ArrayList<>(
            TileKernel.phase(
                node,
                p,
                Detr4jAbi.detr4j_layer_norm_gradient_f32_tiles(p),
                Detr4jAbi.detr4j_layer_norm_gradient_f32_scratch(p),
                Detr4jAbi::detr4j_layer_norm_gradient_f32));
    phases.add(
        NormSums.add(node, next + 1, 1, 2, NormSums.tiles(x.batch(), x.rows(), rows), workspace));
    return phases;
  }
}
