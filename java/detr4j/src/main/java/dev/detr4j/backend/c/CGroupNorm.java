package dev.detr4j.backend.c;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.ffi.CpuTier;
import dev.detr4j.ffi.generated.Detr4jAbi;
import dev.detr4j.ffi.generated.detr4j_group_norm;
import dev.detr4j.op.GroupNorm;
import dev.detr4j.tensor.TensorView;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** {@link GroupNorm} by {@code detr4j_group_norm_f32}: statistics of every tile, then their use. */
record CGroupNorm(CpuTier tier) implements HostOp<GroupNorm> {
  @Override
  public long workspaceBytes(GroupNorm op, BoundNode node, HostContext context) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment p = parameters(op, node, context, arena);
      return TileKernel.checkCount(node, Detr4jAbi.detr4j_group_norm_f32_workspace(p));
    }
  }

  @Override
  public List<HostKernel> bind(
      GroupNorm op, BoundNode node, HostContext context, MemorySegment workspace) {
    MemorySegment p = parameters(op, node, context, context.arena());
    detr4j_group_norm.workspace(p, workspace);
    long tiles = Detr4jAbi.detr4j_group_norm_f32_tiles(p);
    List<HostKernel> phases = new ArrayList<>();
    phases.addAll(
        TileKernel.phase(
            node,
            p,
            tiles,
            0,
            (parameters, tile, scratch) ->
                Detr4jAbi.detr4j_group_norm_f32_statistics(parameters, tile)));
    phases.addAll(
        TileKernel.phase(
            node,
            p,
            tiles,
            0,
            (parameters, tile, scratch) ->
                Detr4jAbi.detr4j_group_norm_f32_apply(parameters, tile)));
    return phases;
  }

  private MemorySegment parameters(GroupNorm op, BoundNode node, HostContext context, Arena arena) {
    TensorView x = node.input(0);
    TensorView y = node.output(0);
    MemorySegment p = detr4j_group_norm.allocate(arena);
    detr4j_group_norm.tier(p, tier.id());
    detr4j_group_norm.batch(p, x.batch());
    detr4j_group_norm.rows(p, x.rows());
    detr4j_group_norm.channels(p, op.channels());
    detr4j_group_norm.groups(p, op.groups());
    detr4j_group_norm.rows_per_tile(
        p, TileSizes.statisticsRows(x.batch(), x.rows(), op.channels()));
    detr4j_group_norm.epsilon(p, op.epsilon());
    detr4j_group_norm.weight(p, context.weights().plain(node.weight(0)));
    detr4j_group_norm.bias(p, context.weights().plain(node.weight(1)));
    detr4j_group_norm.x(p, Pointers.to(x));
    detr4j_group_norm.x_row_stride(p, x.rowStride());
    detr4j_group_norm.x_batch_stride(p, x.batchStride());
    detr4j_group_norm.y(p, Pointers.to(y));
    detr4j_group_norm.y_row_stride(p, y.rowStride());
    detr4j_group_norm.y_batch_stride(p, y.batchStride());
    return p;
  }
}
