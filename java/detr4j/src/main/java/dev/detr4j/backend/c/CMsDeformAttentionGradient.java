package dev.detr4j.backend.c;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HeadSums;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.ffi.CpuTier;
import dev.detr4j.ffi.generated.Detr4jAbi;
import dev.detr4j.ffi.generated.detr4j_ms_deform_attention_gradient;
import dev.detr4j.op.MsDeformAttention;
import dev.detr4j.op.gradient.MsDeformAttentionGradient;
import dev.detr4j.tensor.TensorView;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** {@link MsDeformAttentionGradient} by {@code detr4j_ms_deform_attention_gradient_f32}. */
record CMsDeformAttentionGradient(CpuTier tier) implements HostOp<MsDeformAttentionGradient> {
  @Override
  public long workspaceBytes(MsDeformAttentionGradient op, BoundNode node, HostContext context) {
    return op.referenceLearns() ? HeadSums.bytes(op.of().heads(), node.output(3)) : 0;
  }

  @Override
  public List<HostKernel> bind(
      MsDeformAttentionGradient op, BoundNode node, HostContext context, MemorySegment workspace) {
    MsDeformAttention of = op.of();
    MemorySegment p = detr4j_ms_deform_attention_gradient.allocate(context.arena());
    TensorView value = node.input(0);
    TensorView offsets = node.input(1);
    TensorView logits = node.input(2);
    TensorView reference = node.input(3);
    TensorView ratios = node.input(4);
    TensorView dOut = node.input(5);
    TensorView dValue = node.output(0);
    TensorView dOffsets = node.output(1);
    TensorView dLogits = node.output(2);
    detr4j_ms_deform_attention_gradient.tier(p, tier.id());
    detr4j_ms_deform_attention_gradient.batch(p, value.batch());
    detr4j_ms_deform_attention_gradient.heads(p, of.heads());
    detr4j_ms_deform_attention_gradient.head_dim(p, of.headDim());
    detr4j_ms_deform_attention_gradient.levels(p, of.levels().size());
    detr4j_ms_deform_attention_gradient.points(p, of.points());
    detr4j_ms_deform_attention_gradient.reference_columns(p, of.referenceColumns());
    detr4j_ms_deform_attention_gradient.queries(p, offsets.shape().get(1));
    detr4j_ms_deform_attention_gradient.tokens(p, value.shape().get(1));
    int[] extents = new int[2 * of.levels().size()];
    for (int l = 0; l < of.levels().size(); l++) {
      extents[2 * l] = of.levels().get(l).height();
      extents[2 * l + 1] = of.levels().get(l).width();
    }
    detr4j_ms_deform_attention_gradient.level_shapes(p, Pointers.toCopy(context.arena(), extents));
    detr4j_ms_deform_attention_gradient.value(p, Pointers.to(value));
    detr4j_ms_deform_attention_gradient.value_row_stride(p, value.rowStride());
    detr4j_ms_deform_attention_gradient.value_batch_stride(p, value.batchStride());
    detr4j_ms_deform_attention_gradient.offsets(p, Pointers.to(offsets));
    detr4j_ms_deform_attention_gradient.offsets_row_stride(p, offsets.rowStride());
    detr4j_ms_deform_attention_gradient.offsets_batch_stride(p, offsets.batchStride());
    detr4j_ms_deform_attention_gradient.logits(p, Pointers.to(logits));
    detr4j_ms_deform_attention_gradient.logits_row_stride(p, logits.rowStride());
    detr4j_ms_deform_attention_gradient.logits_batch_stride(p, logits.batchStride());
    detr4j_ms_deform_attention_gradient.reference(p, Pointers.to(reference));
    detr4j_ms_deform_attention_gradient.reference_row_stride(p, reference.rowStride());
    detr4j_ms_deform_attention_gradient.reference_batch_stride(p, reference.batchStride());
    detr4j_ms_deform_attention_gradient.ratios(p, Pointers.to(ratios));
    detr4j_ms_deform_attention_gradient.ratios_row_stride(p, ratios.rowStride());
    detr4j_ms_deform_attention_gradient.ratios_batch_stride(p, ratios.batchStride());
    detr4j_ms_deform_attention_gradient.d_out(p, Pointers.to(dOut));
    detr4j_ms_deform_attention_gradient.d_out_row_stride(p, dOut.rowStride());
    detr4j_ms_deform_attention_gradient.d_out_batch_stride(p, dOut.batchStride());
    detr4j_ms_deform_attention_gradient.d_value(p, Pointers.to(dValue));
    detr4j_ms_deform_attention_gradient.d_value_row_stride(p, dValue.rowStride());
    detr4j_ms_deform_attention_gradient.d_value_batch_stride(p, dValue.batchStride());
    detr4j_ms_deform_attention_gradient.d_offsets(p, Pointers.to(dOffsets));
    detr4j_ms_deform_attention_gradient.d_offsets_row_stride(p, dOffsets.rowStride());
    detr4j_ms_deform_attention_gradient.d_offsets_batch_stride(p, dOffsets.batchStride());
    detr4j_ms_deform_attention_gradient.d_logits(p, Pointers.to(dLogits));
    detr4j_ms_deform_attention_gradient.d_logits_row_stride(p, dLogits.rowStride());
    detr4j_ms_deform_attention_gradient.d_logits_batch_stride(p, dLogits.batchStride());
    if (op.referenceLearns()) {
      detr4j_ms_deform_attention_gradient.d_reference(p, workspace);
    }
    List<HostKernel> phases =
        new ArrayList<>(
            TileKernel.phase(
                node,
                p,
                Detr4jAbi.detr4j_ms_deform_attention_gradient_f32_tiles(p),
                Detr4jAbi.detr4j_ms_deform_attention_gradient_f32_scratch(p),
                Detr4jAbi::detr4j_ms_deform_attention_gradient_f32));
    if (op.referenceLearns()) {
      phases.add(HeadSums.of(of.heads(), workspace, node.output(3)));
    }
    return phases;
  }
}
