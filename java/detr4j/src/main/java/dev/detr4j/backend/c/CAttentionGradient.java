package dev.detr4j.backend.c;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.ffi.CpuTier;
import dev.detr4j.ffi.generated.Detr4jAbi;
import dev.detr4j.ffi.generated.detr4j_attention_gradient;
import dev.detr4j.op.Attention;
import dev.detr4j.op.gradient.AttentionGradient;
import dev.detr4j.tensor.TensorView;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** {@link AttentionGradient} by {@code detr4j_attention_gradient_f32}. */
record CAttentionGradient(CpuTier tier) implements HostOp<AttentionGradient> {
  @Override
  public List<HostKernel> bind(
      AttentionGradient op, BoundNode node, HostContext context, MemorySegment workspace) {
    Attention of = op.of();
    MemorySegment p = detr4j_attention_gradient.allocate(context.arena());
    TensorView q = node.input(0);
    TensorView k = node.input(1);
    TensorView v = node.input(2);
    TensorView dOut = node.inputs().getLast();
    TensorView dq = node.output(0);
    TensorView dk = node.output(1);
    TensorView dv = node.output(2);
    detr4j_attention_gradient.tier(p, tier.id());
    detr4j_attention_gradient.batch(p, q.batch());
    detr4j_attention_gradient.heads(p, of.heads());
    detr4j_attention_gradient.head_dim(p, of.headDim());
    detr4j_attention_gradient.queries(p, q.shape().get(1));
    detr4j_attention_gradient.keys(p, k.shape().get(1));
    detr4j_attention_gradient.scale(p, of.scale());
    if (of.hasKeyMask()) {
      detr4j_attention_gradient.key_mask(p, Pointers.toContiguous(node, node.input(3)));
    }
    detr4j_attention_gradient.q(p, Pointers.to(q));
    detr4j_attention_gradient.q_row_stride(p, q.rowStride());
    detr4j_attention_gradient.q_batch_stride(p, q.batchStride());
    detr4j_attention_gradient.k(p, Pointers.to(k));
    detr4j_attention_gradient.k_row_stride(p, k.rowStride());
    detr4j_attention_gradient.k_batch_stride(p, k.batchStride());
    detr4j_attention_gradient.v(p, Pointers.to(v));
    detr4j_attention_gradient.v_row_stride(p, v.rowStride());
    detr4j_attention_gradient.v_batch_stride(p, v.batchStride());
    detr4j_attention_gradient.d_out(p, Pointers.to(dOut));
    detr4j_attention_gradient.d_out_row_stride(p, dOut.rowStride());
    detr4j_attention_gradient.d_out_batch_stride(p, dOut.batchStride());
    detr4j_attention_gradient.dq(p, Pointers.to(dq));
    detr4j_attention_gradient.dq_row_stride(p, dq.rowStride());
    detr4j_attention_gradient.dq_batch_stride(p, dq.batchStride());
    detr4j_attention_gradient.dk(p, Pointers.to(dk));
    detr4j_attention_gradient.dk_row_stride(p, dk.rowStride());
    detr4j_attention_gradient.dk_batch_stride(p, dk.batchStride());
    detr4j_attention_gradient.dv(p, Pointers.to(dv));
    detr4j_attention_gradient.dv_row_stride(p, dv.rowStride());
    detr4j_attention_gradient.dv_batch_stride(p, dv.batchStride());
    return TileKernel.phase(
        node,
        p,
        Detr4jAbi.detr4j_attention_gradient_f32_tiles(p),
        Detr4jAbi.detr4j_attention_gradient_f32_scratch(p),
        Detr4jAbi::detr4j_attention_gradient_f32);
  }
}
