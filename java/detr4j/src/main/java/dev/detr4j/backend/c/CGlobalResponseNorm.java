package dev.detr4j.backend.c;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.ffi.CpuTier;
import dev.detr4j.ffi.generated.Detr4jAbi;
import dev.detr4j.ffi.generated.detr4j_global_response_norm;
import dev.detr4j.op.GlobalResponseNorm;
import dev.detr4j.tensor.TensorView;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * {@link GlobalResponseNorm} by {@code detr4j_global_response_norm_f32}: sums of every tile, then
 * their use.
 */
record CGlobalResponseNorm(CpuTier tier) implements HostOp<GlobalResponseNorm> {
  @Override
  public long workspaceBytes(GlobalResponseNorm op, BoundNode node, HostContext context) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment p = parameters(op, node, context, arena);
      return TileKernel.checkCount(node, Detr4jAbi.detr4j_global_response_norm_f32_workspace(p));
    }
  }

  @Override
  public List<HostKernel> bind(
      GlobalResponseNorm op, BoundNode node, HostContext context, MemorySegment workspace) {
    MemorySegment p = parameters(op, node, context, context.arena());
    detr4j_global_response_norm.workspace(p, workspace);
    long tiles = Detr4jAbi.detr4j_global_response_norm_f32_tiles(p);
    List<HostKernel> phases = new ArrayList<>();
    phases.addAll(
        TileKernel.phase(
            node,
            p,
            tiles,
            0,
            (parameters, tile, scratch) ->
                Detr4jAbi.detr4j_global_response_norm_f32_statistics(parameters, tile)));
    phases.addAll(
        TileKernel.phase(
            node,
            p,
            tiles,
            0,
            (parameters, tile, scratch) ->
                Detr4jAbi.detr4j_global_response_norm_f32_apply(parameters, tile)));
    return phases;
  }

  private MemorySegment parameters(
      GlobalResponseNorm op, BoundNode node, HostContext context, Arena arena) {
    TensorView x = node.input(0);
    TensorView y = node.output(0);
    MemorySegment p = detr4j_global_response_norm.allocate(arena);
    detr4j_global_response_norm.tier(p, tier.id());
    detr4j_global_response_norm.batch(p, x.batch());
    detr4j_global_response_norm.rows(p, x.rows());
    detr4j_global_response_norm.channels(p, op.channels());
    detr4j_global_response_norm.rows_per_tile(
        p, TileSizes.statisticsRows(x.batch(), x.rows(), op.channels()));
    detr4j_global_response_norm.epsilon(p, op.epsilon());
    detr4j_global_response_norm.weight(p, context.weights().plain(node.weight(0)));
    detr4j_global_response_norm.bias(p, context.weights().plain(node.weight(1)));
    detr4j_global_response_norm.x(p, Pointers.to(x));
    detr4j_global_response_norm.x_row_stride(p, x.rowStride());
    detr4j_global_response_norm.x_batch_stride(p, x.batchStride());
    detr4j_global_response_norm.y(p, Pointers.to(y));
    detr4j_global_response_norm.y_row_stride(p, y.rowStride());
    detr4j_global_response_norm.y_batch_stride(p, y.batchStride());
    return p;
  }
}
