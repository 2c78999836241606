package dev.detr4j.backend.c;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.NormSums;
import dev.detr4j.ffi.CpuTier;
import dev.detr4j.ffi.generated.Detr4jAbi;
import dev.detr4j.ffi.generated.detr4j_channel_sums;
import dev.detr4j.tensor.TensorView;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * {@code detr4j_channel_sums_f32} and {@code detr4j_channel_combine_f32}: what the gradients of
 * normalisations over rows share. The workspace holds sums, shift and factors one after another.
 */
final class ChannelSums {
  private final BoundNode node;
  private final MemorySegment parameters;
  private final MemorySegment workspace;
  private final int batch;
  private final long rows;
  private final int channels;
  private final int rowsPerTile;

  /**
   * Of a node.
   *
   * @param x null where only the sums of dy are wanted
   */
  ChannelSums(
      CpuTier tier,
      HostContext context,
      BoundNode node,
      @Nullable TensorView x,
      TensorView dy,
      MemorySegment workspace) {
    this.node = node;
    this.workspace = workspace;
    batch = dy.batch();
    rows = dy.rows();
    channels = dy.columns();
    rowsPerTile = NormSums.rowsPerTile(batch, rows, channels);
    parameters = detr4j_channel_sums.allocate(context.arena());
    MemorySegment p = parameters;
    detr4j_channel_sums.tier(p, tier.id());
    detr4j_channel_sums.batch(p, batch);
    detr4j_channel_sums.rows(p, rows);
    detr4j_channel_sums.channels(p, channels);
    detr4j_channel_sums.rows_per_tile(p, rowsPerTile);
    detr4j_channel_sums.sums(p, sums());
    if (x != null) {
      detr4j_channel_sums.x(p, Pointers.to(x));
      detr4j_channel_sums.x_row_stride(p, x.rowStride());
      detr4j_channel_sums.x_batch_stride(p, x.batchStride());
      detr4j_channel_sums.shift(p, shift());
      detr4j_channel_sums.factors(p, factors());
    }
    detr4j_channel_sums.dy(p, Pointers.to(dy));
    detr4j_channel_sums.dy_row_stride(p, dy.rowStride());
    detr4j_channel_sums.dy_batch_stride(p, dy.batchStride());
  }

  /** Bytes of the workspace. */
  static long workspaceBytes(TensorView dy) {
    int rowsPerTile = NormSums.rowsPerTile(dy.batch(), dy.rows(), dy.columns());
    long channels = dy.columns();
    return channels * (32L * NormSums.tiles(dy.batch(), dy.rows(), rowsPerTile) + 16L * dy.batch());
  }

  /** Tiles of all items. */
  int tiles() {
    return NormSums.tiles(batch, rows, rowsPerTile);
  }

  /** Tiles of one item. */
  int tilesOfItem() {
    return batch == 0 ? 0 : tiles() / batch;
  }

  /** {@code [tiles][4][channels]} doubles. */
  MemorySegment sums() {
    return workspace.asSlice(0, 32L * channels * tiles());
  }

  /** {@code [batch][channels]} floats. */
  MemorySegment shift() {
    return workspace.asSlice(32L * channels * tiles(), 4L * channels * batch);
  }

  /** {@code [batch][3][channels]} floats. */
  MemorySegment factors() {
    long first = 32L * channels * tiles() + 4L * channels * batch;
    return workspace.asSlice(first, 12L * channels * batch);
  }

  /** The phase that leaves the sums. */
  List<HostKernel> sumPhase() {
    return TileKernel.phase(
        node,
        parameters,
        Detr4jAbi.detr4j_channel_sums_f32_tiles(parameters),
        Detr4jAbi.detr4j_channel_sums_f32_scratch(parameters),
        Detr4jAbi::detr4j_channel_sums_f32);
  }

  /** The phase that makes dx of the factors. */
  List<HostKernel> combinePhase(TensorView dx) {
    detr4j_channel_sums.dx(parameters, Pointers.to(dx));
    detr4j_channel_sums.dx_row_stride(parameters, dx.rowStride());
    detr4j_channel_sums.dx_batch_stride(parameters, dx.batchStride());
    return TileKernel.phase(
        node,
        parameters,
        Detr4jAbi.detr4j_channel_sums_f32_tiles(parameters),
        0,
        (p, tile, scratch) -> Detr4jAbi.detr4j_channel_combine_f32(p, tile));
  }
}
