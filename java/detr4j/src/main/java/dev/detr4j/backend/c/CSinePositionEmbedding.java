package dev.detr4j.backend.c;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.backend.host.SineDivisors;
import dev.detr4j.ffi.CpuTier;
import dev.detr4j.ffi.generated.Detr4jAbi;
import dev.detr4j.ffi.generated.detr4j_sine_position;
import dev.detr4j.op.LevelShape;
import dev.detr4j.op.SinePositionEmbedding;
import dev.detr4j.tensor.TensorView;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** {@link SinePositionEmbedding} by {@code detr4j_sine_position_f32}. */
record CSinePositionEmbedding(CpuTier tier) implements HostOp<SinePositionEmbedding> {
  @Override
  public List<HostKernel> bind(
      SinePositionEmbedding op, BoundNode node, HostContext context, MemorySegment workspace) {
    TensorView out = node.output(0);
    MemorySegment p = detr4j_sine_position.allocate(context.arena());
    detr4j_sine_position.tier(p, tier.id());
    detr4j_sine_position.batch(p, op.valid().size());
    detr4j_sine_position.height(p, op.height());
    detr4j_sine_position.width(p, op.width());
    detr4j_sine_position.features(p, op.features());
    detr4j_sine_position.offset(p, op.offset());
    detr4j_sine_position.valid(p, Pointers.toCopy(context.arena(), valid(op.valid())));
    detr4j_sine_position.divisors(
        p, Pointers.toCopy(context.arena(), SineDivisors.of(op.features())));
    detr4j_sine_position.addend(
        p, Pointers.to(op.hasLevelEmbedding() ? context.weights().plain(node.weight(0)) : null));
    detr4j_sine_position.out(p, Pointers.to(out));
    detr4j_sine_position.out_row_stride(p, out.rowStride());
    detr4j_sine_position.out_batch_stride(p, out.batchStride());
    return TileKernel.phase(
        node,
        p,
        Detr4jAbi.detr4j_sine_position_f32_tiles(p),
        0,
        (parameters, tile, scratch) -> Detr4jAbi.detr4j_sine_position_f32(parameters, tile));
  }

  /** Height and width of each batch item. */
  private static int[] valid(List<LevelShape> extents) {
    int[] valid = new int[2 * extents.size()];
    for (int i = 0; i < extents.size(); i++) {
      valid[2 * i] = extents.get(i).height();
      valid[2 * i + 1] = extents.get(i).width();
    }
    return valid;
  }
}
