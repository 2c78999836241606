package dev.detr4j.backend.cuda;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.ffi.generated.Detr4jCuda;
import dev.detr4j.ffi.generated.detr4j_cuda_resize;
import dev.detr4j.op.ResamplingTable;
import dev.detr4j.op.ResizeNormalize;
import java.lang.foreign.MemorySegment;

/** {@link ResizeNormalize} by {@code detr4j_cuda_resize_u8}. */
final class CudaResizeNormalize implements CudaOp<ResizeNormalize> {
  @Override
  public CudaStep bind(ResizeNormalize op, BoundNode node, CudaContext context) {
    MemorySegment p = detr4j_cuda_resize.allocate(context.arena());
    detr4j_cuda_resize.source_h(p, op.sourceHeight());
    detr4j_cuda_resize.source_w(p, op.sourceWidth());
    detr4j_cuda_resize.height(p, op.height());
    detr4j_cuda_resize.width(p, op.width());
    detr4j_cuda_resize.padded_h(p, op.paddedHeight());
    detr4j_cuda_resize.padded_w(p, op.paddedWidth());
    detr4j_cuda_resize.pixels(p, Pointers.toContiguous(node, node.input(0)));
    detr4j_cuda_resize.pixels_row_stride(p, 3L * op.sourceWidth());
    detr4j_cuda_resize.arithmetic(
        p,
        switch (op.arithmetic()) {
          case ROUND_EACH_PASS -> Detr4jCuda.DETR4J_CUDA_RESIZE_ROUND_EACH_PASS();
          case OPENCV_LINEAR -> Detr4jCuda.DETR4J_CUDA_RESIZE_OPENCV_LINEAR();
          case LINEAR_F32 -> Detr4jCuda.DETR4J_CUDA_RESIZE_LINEAR_F32();
        });
    ResamplingTable horizontal = op.horizontal();
    if (horizontal != null) {
      detr4j_cuda_resize.taps_x(p, horizontal.maxCount());
      detr4j_cuda_resize.precision_x(p, horizontal.precision());
      detr4j_cuda_resize.start_x(p, context.table(horizontal.start()));
      detr4j_cuda_resize.count_x(p, context.table(horizontal.count()));
      detr4j_cuda_resize.weight_x(p, context.table(horizontal.weights()));
    }
    ResamplingTable vertical = op.vertical();
    if (vertical != null) {
      detr4j_cuda_resize.taps_y(p, vertical.maxCount());
      detr4j_cuda_resize.precision_y(p, vertical.precision());
      detr4j_cuda_resize.start_y(p, context.table(vertical.start()));
      detr4j_cuda_resize.count_y(p, context.table(vertical.count()));
      detr4j_cuda_resize.weight_y(p, context.table(vertical.weights()));
    }
    detr4j_cuda_resize.lookup(p, context.table(lookup(op)));
    detr4j_cuda_resize.out(p, Pointers.toContiguous(node, node.output(0)));
    detr4j_cuda_resize.workspace(p, context.workspace(Detr4jCuda.detr4j_cuda_resize_workspace(p)));
    return new CudaStep(p, Detr4jCuda::detr4j_cuda_resize_u8);
  }

  private static float[] lookup(ResizeNormalize op) {
    float[] lookup = new float[op.lookup().size()];
    for (int i = 0; i < lookup.length; i++) {
      lookup[i] = op.lookup().get(i);
    }
    return lookup;
  }
}
