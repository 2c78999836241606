package dev.detr4j.backend.cuda;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.ffi.generated.Detr4jCuda;
import dev.detr4j.ffi.generated.detr4j_cuda_cell_attention;
import dev.detr4j.op.CellAttention;
import dev.detr4j.tensor.TensorView;
import java.lang.foreign.MemorySegment;

/** {@link CellAttention} by {@code detr4j_cuda_cell_attention_f32}. */
final class CudaCellAttention implements CudaOp<CellAttention> {
  @Override
  public CudaStep bind(CellAttention op, BoundNode node, CudaContext context) {
    TensorView value = node.input(0);
    TensorView offsets = node.input(1);
    TensorView logits = node.input(2);
    TensorView reference = node.input(3);
    TensorView out = node.output(0);
    MemorySegment p = detr4j_cuda_cell_attention.allocate(context.arena());
    detr4j_cuda_cell_attention.batch(p, value.batch());
    detr4j_cuda_cell_attention.queries(p, Math.toIntExact(out.rows()));
    detr4j_cuda_cell_attention.tokens(p, Math.toIntExact(value.rows()));
    detr4j_cuda_cell_attention.heads(p, op.heads());
    detr4j_cuda_cell_attention.head_dim(p, op.headDim());
    detr4j_cuda_cell_attention.levels_count(p, op.levels().size());
    detr4j_cuda_cell_attention.points(p, op.points());
    detr4j_cuda_cell_attention.levels(p, context.table(LevelTable.of(op.levels())));
    detr4j_cuda_cell_attention.value(p, Pointers.to(value));
    detr4j_cuda_cell_attention.value_row_stride(p, value.rowStride());
    detr4j_cuda_cell_attention.value_batch_stride(p, value.batchStride());
    detr4j_cuda_cell_attention.offsets(p, Pointers.to(offsets));
    detr4j_cuda_cell_attention.offsets_row_stride(p, offsets.rowStride());
    detr4j_cuda_cell_attention.offsets_batch_stride(p, offsets.batchStride());
    detr4j_cuda_cell_attention.logits(p, Pointers.to(logits));
    detr4j_cuda_cell_attention.logits_row_stride(p, logits.rowStride());
    detr4j_cuda_cell_attention.logits_batch_stride(p, logits.batchStride());
    detr4j_cuda_cell_attention.reference(p, Pointers.to(reference));
    detr4j_cuda_cell_attention.reference_row_stride(p, reference.rowStride());
    detr4j_cuda_cell_attention.reference_batch_stride(p, reference.batchStride());
    detr4j_cuda_cell_attention.out(p, Pointers.to(out));
    detr4j_cuda_cell_attention.out_row_stride(p, out.rowStride());
    detr4j_cuda_cell_attention.out_batch_stride(p, out.batchStride());
    return new CudaStep(p, Detr4jCuda::detr4j_cuda_cell_attention_f32);
  }
}
