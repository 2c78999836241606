package dev.detr4j.backend.cuda;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.ffi.generated.detr4j_cuda_selection;
import dev.detr4j.op.SelectionOp;
import dev.detr4j.tensor.TensorView;
import java.lang.foreign.MemorySegment;

/** The tensors of {@code detr4j_cuda_selection}, which every {@link SelectionOp} has. */
final class SelectionTensors {
  private SelectionTensors() {}

  /** Parameters of a node, without those of its rule. */
  static MemorySegment of(BoundNode node, CudaContext context) {
    TensorView logits = node.input(0);
    TensorView boxes = node.input(1);
    MemorySegment p = detr4j_cuda_selection.allocate(context.arena());
    detr4j_cuda_selection.batch(p, logits.batch());
    detr4j_cuda_selection.queries(p, Math.toIntExact(logits.rows()));
    detr4j_cuda_selection.classes(p, logits.columns());
    detr4j_cuda_selection.k(p, node.output(1).columns());
    detr4j_cuda_selection.logits(p, Pointers.to(logits));
    detr4j_cuda_selection.logits_row_stride(p, logits.rowStride());
    detr4j_cuda_selection.logits_batch_stride(p, logits.batchStride());
    detr4j_cuda_selection.boxes(p, Pointers.to(boxes));
    detr4j_cuda_selection.boxes_row_stride(p, boxes.rowStride());
    detr4j_cuda_selection.boxes_batch_stride(p, boxes.batchStride());
    detr4j_cuda_selection.extents(p, Pointers.toContiguous(node, node.input(2)));
    detr4j_cuda_selection.corners(p, Pointers.toContiguous(node, node.output(0)));
    detr4j_cuda_selection.scores(p, Pointers.toContiguous(node, node.output(1)));
    detr4j_cuda_selection.labels(p, Pointers.toContiguous(node, node.output(2)));
    detr4j_cuda_selection.owners(p, Pointers.toContiguous(node, node.output(3)));
    detr4j_cuda_selection.finite(p, Pointers.toContiguous(node, node.output(4)));
    return p;
  }
}
