package dev.detr4j.backend.cuda;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.ffi.generated.Detr4jCuda;
import dev.detr4j.ffi.generated.detr4j_cuda_selection;
import dev.detr4j.op.SelectBestClasses;
import java.lang.foreign.MemorySegment;

/** {@link SelectBestClasses} by {@code detr4j_cuda_select_best_classes_f32}. */
final class CudaSelectBestClasses implements CudaOp<SelectBestClasses> {
  @Override
  public CudaStep bind(SelectBestClasses op, BoundNode node, CudaContext context) {
    MemorySegment p = SelectionTensors.of(node, context);
    detr4j_cuda_selection.only_classes(p, op.onlyClasses() ? 1 : 0);
    return new CudaStep(p, Detr4jCuda::detr4j_cuda_select_best_classes_f32);
  }
}
