package dev.detr4j.backend.cuda;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.OperandTypes;
import dev.detr4j.backend.Precision;
import dev.detr4j.ffi.generated.Detr4jCuda;
import dev.detr4j.ffi.generated.detr4j_cuda_attention;
import dev.detr4j.op.Attention;
import dev.detr4j.tensor.ElementType;
import dev.detr4j.tensor.TensorView;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * {@link Attention} by {@code detr4j_cuda_attention_f32}.
 *
 * @param precision of products around it: with bf16, maps may be bf16; the attention itself is fp32
 */
record CudaAttention(Precision precision) implements CudaOp<Attention> {
  private static final int MOST_CHANNELS = 256;

  @Override
  public @Nullable String refusal(Attention op) {
    return op.headDim() <= MOST_CHANNELS
        ? null
        : "backend cuda takes heads of at most " + MOST_CHANNELS + " channels, not " + op.headDim();
  }

  @Override
  public OperandTypes operandTypes(Attention op) {
    return precision == Precision.BF16
        ? MapTypes.bf16(ElementType.F32, 3)
        : OperandTypes.AS_IN_GRAPH;
  }

  @Override
  public CudaStep bind(Attention op, BoundNode node, CudaContext context) {
    TensorView q = node.input(0);
    TensorView k = node.input(1);
    TensorView v = node.input(2);
    TensorView out = node.output(0);
    MemorySegment p = detr4j_cuda_attention.allocate(context.arena());
    detr4j_cuda_attention.batch(p, q.batch());
    detr4j_cuda_attention.queries(p, Math.toIntExact(q.rows()));
    detr4j_cuda_attention.keys(p, Math.toIntExact(k.rows()));
    detr4j_cuda_attention.heads(p, op.heads());
    detr4j_cuda_attention.head_dim(p, op.headDim());
    detr4j_cuda_attention.scale(p, op.scale());
    detr4j_cuda_attention.q_type(p, MapTypes.code(q.type()));
    detr4j_cuda_attention.k_type(p, MapTypes.code(k.type()));
    detr4j_cuda_attention.v_type(p, MapTypes.code(v.type()));
    detr4j_cuda_attention.out_type(p, MapTypes.code(out.type()));
    detr4j_cuda_attention.q(p, Pointers.to(q));
    detr4j_cuda_attention.q_row_stride(p, q.rowStride());
    detr4j_cuda_attention.q_batch_stride(p, q.batchStride());
    detr4j_cuda_attention.k(p, Pointers.to(k));
    detr4j_cuda_attention.k_row_stride(p, k.rowStride());
    detr4j_cuda_attention.k_batch_stride(p, k.batchStride());
    detr4j_cuda_attention.v(p, Pointers.to(v));
    detr4j_cuda_attention.v_row_stride(p, v.rowStride());
    detr4j_cuda_attention.v_batch_stride(p, v.batchStride());
    detr4j_cuda_attention.out(p, Pointers.to(out));
    detr4j_cuda_attention.out_row_stride(p, out.rowStride());
    detr4j_cuda_attention.out_batch_stride(p, out.batchStride());
    if (op.hasKeyMask()) {
      detr4j_cuda_attention.key_mask(p, Pointers.toContiguous(node, node.input(3)));
    }
    return new CudaStep(p, Detr4jCuda::detr4j_cuda_attention_f32);
  }
}
