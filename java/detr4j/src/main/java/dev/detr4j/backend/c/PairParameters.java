package dev.detr4j.backend.c;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.ffi.CpuTier;
import dev.detr4j.ffi.generated.detr4j_add;
import dev.detr4j.tensor.TensorView;
import java.lang.foreign.MemorySegment;

/** What operations on the elements of two inputs fill in alike in {@code detr4j_add}. */
final class PairParameters {
  private PairParameters() {}

  /**
   * The rows of both inputs.
   *
   * @param elementsOfRow what a row costs, in elements that are added
   */
  static MemorySegment of(CpuTier tier, BoundNode node, HostContext context, long elementsOfRow) {
    TensorView a = node.input(0);
    TensorView b = node.input(1);
    TensorView out = node.output(0);
    MemorySegment p = detr4j_add.allocate(context.arena());
    detr4j_add.tier(p, tier.id());
    detr4j_add.batch(p, a.batch());
    detr4j_add.rows(p, a.rows());
    detr4j_add.columns(p, out.columns());
    detr4j_add.rows_per_tile(
        p, TileSizes.rows(context.threads(), a.batch(), a.rows(), elementsOfRow));
    detr4j_add.a(p, Pointers.to(a));
    detr4j_add.a_row_stride(p, a.rowStride());
    detr4j_add.a_batch_stride(p, a.batchStride());
    detr4j_add.b(p, Pointers.to(b));
    detr4j_add.b_row_stride(p, b.rowStride());
    detr4j_add.b_batch_stride(p, b.batchStride());
    detr4j_add.out(p, Pointers.to(out));
    detr4j_add.out_row_stride(p, out.rowStride());
    detr4j_add.out_batch_stride(p, out.batchStride());
    return p;
  }
}
