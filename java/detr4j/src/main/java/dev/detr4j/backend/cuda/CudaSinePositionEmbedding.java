package dev.detr4j.backend.cuda;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.SineDivisors;
import dev.detr4j.ffi.generated.Detr4jCuda;
import dev.detr4j.ffi.generated.detr4j_cuda_sine_position;
import dev.detr4j.op.LevelShape;
import dev.detr4j.op.SinePositionEmbedding;
import dev.detr4j.tensor.TensorView;
import java.lang.foreign.MemorySegment;

/** {@link SinePositionEmbedding} by {@code detr4j_cuda_sine_position_f32}. */
final class CudaSinePositionEmbedding implements CudaOp<SinePositionEmbedding> {
  @Override
  public CudaStep bind(SinePositionEmbedding op, BoundNode node, CudaContext context) {
    TensorView out = node.output(0);
    MemorySegment p = detr4j_cuda_sine_position.allocate(context.arena());
    detr4j_cuda_sine_position.batch(p, op.valid().size());
    detr4j_cuda_sine_position.height(p, op.height());
    detr4j_cuda_sine_position.width(p, op.width());
    detr4j_cuda_sine_position.features(p, op.features());
    detr4j_cuda_sine_position.offset(p, op.offset());
    detr4j_cuda_sine_position.valid(p, context.table(valid(op)));
    detr4j_cuda_sine_position.divisors(p, context.table(SineDivisors.of(op.features())));
    if (op.hasLevelEmbedding()) {
      detr4j_cuda_sine_position.addend(p, context.weights().plain(node.weight(0)));
    }
    detr4j_cuda_sine_position.out(p, Pointers.to(out));
    detr4j_cuda_sine_position.out_row_stride(p, out.rowStride());
    detr4j_cuda_sine_position.out_batch_stride(p, out.batchStride());
    return new CudaStep(p, Detr4jCuda::detr4j_cuda_sine_position_f32);
  }

  /** Height and width of each batch item. */
  private static int[] valid(SinePositionEmbedding op) {
    int[] valid = new int[2 * op.valid().size()];
    for (int i = 0; i < op.valid().size(); i++) {
      LevelShape extent = op.valid().get(i);
      valid[2 * i] = extent.height();
      valid[2 * i + 1] = extent.width();
    }
    return valid;
  }
}
