package dev.detr4j.backend.c;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.ffi.CpuTier;
import dev.detr4j.ffi.generated.Detr4jAbi;
import dev.detr4j.ffi.generated.detr4j_cell_attention;
import dev.detr4j.op.CellAttention;
import dev.detr4j.op.LevelShape;
import dev.detr4j.tensor.TensorView;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** {@link CellAttention} by {@code detr4j_cell_attention_f32}. */
record CCellAttention(CpuTier tier) implements HostOp<CellAttention> {
  @Override
  public List<HostKernel> bind(
      CellAttention op, BoundNode node, HostContext context, MemorySegment workspace) {
    TensorView value = node.input(0);
    TensorView offsets = node.input(1);
    TensorView logits = node.input(2);
    TensorView reference = node.input(3);
    TensorView out = node.output(0);
    MemorySegment p = detr4j_cell_attention.allocate(context.arena());
    detr4j_cell_attention.tier(p, tier.id());
    detr4j_cell_attention.batch(p, value.batch());
    detr4j_cell_attention.queries(p, Math.toIntExact(out.rows()));
    detr4j_cell_attention.tokens(p, Math.toIntExact(value.rows()));
    detr4j_cell_attention.heads(p, op.heads());
    detr4j_cell_attention.head_dim(p, op.headDim());
    detr4j_cell_attention.levels_count(p, op.levels().size());
    detr4j_cell_attention.points(p, op.points());
    long queryElements = (long) op.heads() * op.samples() * op.headDim();
    detr4j_cell_attention.queries_per_tile(
        p, TileSizes.rows(context.threads(), value.batch(), out.rows(), queryElements));
    detr4j_cell_attention.levels(p, Pointers.toCopy(context.arena(), levels(op)));
    detr4j_cell_attention.value(p, Pointers.to(value));
    detr4j_cell_attention.value_row_stride(p, value.rowStride());
    detr4j_cell_attention.value_batch_stride(p, value.batchStride());
    detr4j_cell_attention.offsets(p, Pointers.to(offsets));
    detr4j_cell_attention.offsets_row_stride(p, offsets.rowStride());
    detr4j_cell_attention.offsets_batch_stride(p, offsets.batchStride());
    detr4j_cell_attention.logits(p, Pointers.to(logits));
    detr4j_cell_attention.logits_row_stride(p, logits.rowStride());
    detr4j_cell_attention.logits_batch_stride(p, logits.batchStride());
    detr4j_cell_attention.reference(p, Pointers.to(reference));
    detr4j_cell_attention.reference_row_stride(p, reference.rowStride());
    detr4j_cell_attention.reference_batch_stride(p, reference.batchStride());
    detr4j_cell_attention.out(p, Pointers.to(out));
    detr4j_cell_attention.out_row_stride(p, out.rowStride());
    detr4j_cell_attention.out_batch_stride(p, out.batchStride());
    return TileKernel.phase(
        node,
        p,
        Detr4jAbi.detr4j_cell_attention_f32_tiles(p),
        0,
        (parameters, tile, scratch) -> Detr4jAbi.detr4j_cell_attention_f32(parameters, tile));
  }

  private static int[] levels(CellAttention op) {
    int[] levels = new int[3 * op.levels().size()];
    int firstToken = 0;
    for (int l = 0; l < op.levels().size(); l++) {
      LevelShape level = op.levels().get(l);
      levels[3 * l] = level.height();
      levels[3 * l + 1] = level.width();
      levels[3 * l + 2] = firstToken;
      firstToken += level.cells();
    }
    return levels;
  }
}
