package dev.detr4j.backend.c;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.OperandTypes;
import dev.detr4j.backend.host.HeadsFirst;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.ffi.CpuTier;
import dev.detr4j.ffi.generated.Detr4jAbi;
import dev.detr4j.ffi.generated.detr4j_ms_deform_attention;
import dev.detr4j.op.LevelShape;
import dev.detr4j.op.MsDeformAttention;
import dev.detr4j.tensor.ElementType;
import dev.detr4j.tensor.TensorView;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * {@link MsDeformAttention} by {@code detr4j_ms_deform_attention_f32}, or by {@code
 * detr4j_ms_deform_attention_bf16} where values may be rounded. A value that is sampled often is
 * laid out by heads first.
 *
 * @param products the type that values are read in; all arithmetic is fp32
 */
record CMsDeformAttention(CpuTier tier, ElementType products) implements HostOp<MsDeformAttention> {
  @Override
  public OperandTypes operandTypes(MsDeformAttention op) {
    if (products == ElementType.F32) {
      return OperandTypes.AS_IN_GRAPH;
    }
    // Offsets, logits and references are coordinates and softmax: never narrower than fp32.
    List<List<ElementType>> map = List.of(List.of(products, ElementType.F32));
    return new OperandTypes(ElementType.F32, map, map);
  }

  @Override
  public long workspaceBytes(MsDeformAttention op, BoundNode node, HostContext context) {
    if (!HeadsFirst.pays(op, node)) {
      return 0;
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment p = parameters(op, node, context, arena);
      return TileKernel.checkCount(
          node,
          products == ElementType.BF16
              ? Detr4jAbi.detr4j_ms_deform_attention_bf16_workspace(p)
              : Detr4jAbi.detr4j_ms_deform_attention_f32_workspace(p));
    }
  }

  @Override
  public List<HostKernel> bind(
      MsDeformAttention op, BoundNode node, HostContext context, MemorySegment workspace) {
    MemorySegment p = parameters(op, node, context, context.arena());
    boolean byHeads = HeadsFirst.pays(op, node);
    if (byHeads) {
      detr4j_ms_deform_attention.workspace(p, workspace);
    }
    return products == ElementType.BF16 ? narrow(node, p, byHeads) : wide(node, p, byHeads);
  }

  private static List<HostKernel> narrow(BoundNode node, MemorySegment p, boolean byHeads) {
    List<HostKernel> phases = new ArrayList<>();
    if (byHeads) {
      phases.addAll(
          TileKernel.phase(
              node,
              p,
              Detr4jAbi.detr4j_ms_deform_attention_bf16_pack_tiles(p),
              0,
              (parameters, tile, scratch) ->
                  Detr4jAbi.detr4j_ms_deform_attention_bf16_pack(parameters, tile)));
    }
    phases.addAll(
        TileKernel.phase(
            node,
            p,
            Detr4jAbi.detr4j_ms_deform_attention_bf16_tiles(p),
            Detr4jAbi.detr4j_ms_deform_attention_bf16_scratch(p),
            Detr4jAbi::detr4j_ms_deform_attention_bf16));
    return phases;
  }

  private static List<HostKernel> wide(BoundNode node, MemorySegment p, boolean byHeads) {
    List<HostKernel> phases = new ArrayList<>();
    if (byHeads) {
      phases.addAll(
          TileKernel.phase(
              node,
              p,
              Detr4jAbi.detr4j_ms_deform_attention_f32_pack_tiles(p),
              0,
              (parameters, tile, scratch) ->
                  Detr4jAbi.detr4j_ms_deform_attention_f32_pack(parameters, tile)));
    }
    phases.addAll(
        TileKernel.phase(
            node,
            p,
            Detr4jAbi.detr4j_ms_deform_attention_f32_tiles(p),
            Detr4jAbi.detr4j_ms_deform_attention_f32_scratch(p),
            Detr4jAbi::detr4j_ms_deform_attention_f32));
    return phases;
  }

  private MemorySegment parameters(
      MsDeformAttention op, BoundNode node, HostContext context, Arena arena) {
    TensorView value = node.input(0);
    TensorView offsets = node.input(1);
    TensorView logits = node.input(2);
    TensorView reference = node.input(3);
    TensorView out = node.output(0);
    MemorySegment p = detr4j_ms_deform_attention.allocate(arena);
    detr4j_ms_deform_attention.tier(p, tier.id());
    detr4j_ms_deform_attention.batch(p, value.batch());
    detr4j_ms_deform_attention.queries(p, Math.toIntExact(out.rows()));
    detr4j_ms_deform_attention.tokens(p, Math.toIntExact(value.rows()));
    detr4j_ms_deform_attention.heads(p, op.heads());
    detr4j_ms_deform_attention.head_dim(p, op.headDim());
    detr4j_ms_deform_attention.levels_count(p, op.levels().size());
    detr4j_ms_deform_attention.points(p, op.points());
    detr4j_ms_deform_attention.reference_columns(p, op.referenceColumns());
    detr4j_ms_deform_attention.shared_value(p, op.sharedValue() ? 1 : 0);
    // A sample reads four cells, and a tile takes one head, so heads count as items.
    long queryElements = 4L * op.samples() * op.headDim();
    detr4j_ms_deform_attention.queries_per_tile(
        p,
        TileSizes.rows(
            context.threads(), (long) value.batch() * op.heads(), out.rows(), queryElements));
    detr4j_ms_deform_attention.tokens_per_tile(
        p, TileSizes.rows(context.threads(), value.batch(), value.rows(), value.shape().last()));
    detr4j_ms_deform_attention.levels(p, Pointers.toCopy(arena, levels(op)));
    detr4j_ms_deform_attention.value_type(p, TypeCode.of(value.type()));
    detr4j_ms_deform_attention.out_type(p, TypeCode.of(out.type()));
    detr4j_ms_deform_attention.value(p, Pointers.to(value));
    detr4j_ms_deform_attention.value_row_stride(p, value.rowStride());
    detr4j_ms_deform_attention.value_batch_stride(p, value.batchStride());
    detr4j_ms_deform_attention.offsets(p, Pointers.to(offsets));
    detr4j_ms_deform_attention.offsets_row_stride(p, offsets.rowStride());
    detr4j_ms_deform_attention.offsets_batch_stride(p, offsets.batchStride());
    detr4j_ms_deform_attention.logits(p, Pointers.to(logits));
    detr4j_ms_deform_attention.logits_row_stride(p, logits.rowStride());
    detr4j_ms_deform_attention.logits_batch_stride(p, logits.batchStride());
    detr4j_ms_deform_attention.reference(p, Pointers.to(reference));
    detr4j_ms_deform_attention.reference_row_stride(p, reference.rowStride());
    detr4j_ms_deform_attention.reference_batch_stride(p, reference.batchStride());
    detr4j_ms_deform_attention.valid_ratios(p, Pointers.toContiguous(node, node.input(4)));
    detr4j_ms_deform_attention.out(p, Pointers.to(out));
    detr4j_ms_deform_attention.out_row_stride(p, out.rowStride());
    detr4j_ms_deform_attention.out_batch_stride(p, out.batchStride());
    return p;
  }

  /** Height, width and first token of each level. */
  private static int[] levels(MsDeformAttention op) {
    int[] levels = new int[3 * op.levels().size()];
    int first = 0;
    for (int i = 0; i < op.levels().size(); i++) {
      LevelShape level = op.levels().get(i);
      levels[3 * i] = level.height();
      levels[3 * i + 1] = level.width();
      levels[3 * i + 2] = first;
      first += level.cells();
    }
    return levels;
  }
}
