package dev.detr4j.backend.c;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.OperandTypes;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.ffi.CpuTier;
import dev.detr4j.ffi.generated.Detr4jAbi;
import dev.detr4j.ffi.generated.detr4j_attention;
import dev.detr4j.op.Attention;
import dev.detr4j.tensor.ElementType;
import dev.detr4j.tensor.TensorView;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * {@link Attention} by {@code detr4j_attention_f32} or {@code detr4j_attention_bf16}: first the
 * keys are packed, then they are used.
 *
 * @param products the type that queries, keys, values and softmax weights are multiplied in
 */
record CAttention(CpuTier tier, ElementType products) implements HostOp<Attention> {
  /** A row of scores for each query of a tile stays in L2 beside the packed keys of a head. */
  private static final int MOST_QUERIES = 48;

  /** The same where products have 32 rows. */
  private static final int MOST_QUERIES_OF_TILES = 64;

  @Override
  public OperandTypes operandTypes(Attention op) {
    if (products == ElementType.F32) {
      return OperandTypes.AS_IN_GRAPH;
    }
    List<ElementType> map = List.of(products, ElementType.F32);
    return new OperandTypes(ElementType.F32, List.of(map, map, map), List.of(map));
  }

  @Override
  public long workspaceBytes(Attention op, BoundNode node, HostContext context) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment p = parameters(op, node, arena);
      return TileKernel.checkCount(
          node,
          narrow()
              ? Detr4jAbi.detr4j_attention_bf16_workspace(p)
              : Detr4jAbi.detr4j_attention_f32_workspace(p));
    }
  }

  @Override
  public List<HostKernel> bind(
      Attention op, BoundNode node, HostContext context, MemorySegment workspace) {
    MemorySegment p = parameters(op, node, context.arena());
    detr4j_attention.workspace(p, workspace);
    List<HostKernel> phases = new ArrayList<>();
    if (narrow()) {
      phases.addAll(
          TileKernel.phase(
              node,
              p,
              Detr4jAbi.detr4j_attention_bf16_pack_tiles(p),
              0,
              (parameters, tile, scratch) ->
                  Detr4jAbi.detr4j_attention_bf16_pack(parameters, tile)));
      phases.addAll(
          TileKernel.phase(
              node,
              p,
              Detr4jAbi.detr4j_attention_bf16_tiles(p),
              Detr4jAbi.detr4j_attention_bf16_scratch(p),
              Detr4jAbi::detr4j_attention_bf16));
      return phases;
    }
    phases.addAll(
        TileKernel.phase(
            node,
            p,
            Detr4jAbi.detr4j_attention_f32_pack_tiles(p),
            0,
            (parameters, tile, scratch) -> Detr4jAbi.detr4j_attention_f32_pack(parameters, tile)));
    phases.addAll(
        TileKernel.phase(
            node,
            p,
            Detr4jAbi.detr4j_attention_f32_tiles(p),
            Detr4jAbi.detr4j_attention_f32_scratch(p),
            Detr4jAbi::detr4j_attention_f32));
    return phases;
  }

  private boolean narrow() {
    return products == ElementType.BF16;
  }

  private MemorySegment parameters(Attention op, BoundNode node, Arena arena) {
    TensorView q = node.input(0);
    TensorView k = node.input(1);
    TensorView v = node.input(2);
    TensorView out = node.output(0);
    MemorySegment p = detr4j_attention.allocate(arena);
    detr4j_attention.tier(p, tier.id());
    detr4j_attention.batch(p, q.batch());
    detr4j_attention.queries(p, Math.toIntExact(q.rows()));
    detr4j_attention.keys(p, Math.toIntExact(k.rows()));
    detr4j_attention.heads(p, op.heads());
    detr4j_attention.head_dim(p, op.headDim());
    int most = narrow() && tier.hasMatrixTiles() ? MOST_QUERIES_OF_TILES : MOST_QUERIES;
    detr4j_attention.queries_per_tile(p, Math.clamp(q.rows(), 1, most));
    detr4j_attention.scale(p, op.scale());
    detr4j_attention.q_type(p, TypeCode.of(q.type()));
    detr4j_attention.k_type(p, TypeCode.of(k.type()));
    detr4j_attention.v_type(p, TypeCode.of(v.type()));
    detr4j_attention.out_type(p, TypeCode.of(out.type()));
    detr4j_attention.q(p, Pointers.to(q));
    detr4j_attention.q_row_stride(p, q.rowStride());
    detr4j_attention.q_batch_stride(p, q.batchStride());
    detr4j_attention.k(p, Pointers.to(k));
    detr4j_attention.k_row_stride(p, k.rowStride());
    detr4j_attention.k_batch_stride(p, k.batchStride());
    detr4j_attention.v(p, Pointers.to(v));
    detr4j_attention.v_row_stride(p, v.rowStride());
    detr4j_attention.v_batch_stride(p, v.batchStride());
    detr4j_attention.key_mask(
        p, op.hasKeyMask() ? Pointers.toContiguous(node, node.input(3)) : MemorySegment.NULL);
    detr4j_attention.out(p, Pointers.to(out));
    detr4j_attention.out_row_stride(p, out.rowStride());
    detr4j_attention.out_batch_stride(p, out.batchStride());
    return p;
  }
}
