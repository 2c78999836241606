package dev.detr4j.backend.c;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.ffi.CpuTier;
import dev.detr4j.ffi.generated.Detr4jAbi;
import dev.detr4j.ffi.generated.detr4j_activation_gradient;
import dev.detr4j.op.Activation;
import dev.detr4j.op.gradient.ActivationGradient;
import dev.detr4j.tensor.TensorView;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** {@link ActivationGradient} by {@code detr4j_activation_gradient_f32}. */
record CActivationGradient(CpuTier tier) implements HostOp<ActivationGradient> {
  @Override
  public List<HostKernel> bind(
      ActivationGradient op, BoundNode node, HostContext context, MemorySegment workspace) {
    TensorView dy = node.input(0);
    TensorView at = node.input(1);
    TensorView dz = node.output(0);
    MemorySegment p = detr4j_activation_gradient.allocate(context.arena());
    detr4j_activation_gradient.tier(p, tier.id());
    detr4j_activation_gradient.batch(p, dy.batch());
    detr4j_activation_gradient.rows(p, dy.rows());
    detr4j_activation_gradient.columns(p, dy.columns());
    detr4j_activation_gradient.rows_per_tile(
        p, TileSizes.rows(context.threads(), dy.batch(), dy.rows(), dy.columns()));
    detr4j_activation_gradient.activation(
        p,
        op.activation() == Activation.RELU
            ? Detr4jAbi.DETR4J_ACTIVATION_RELU()
            : Detr4jAbi.DETR4J_ACTIVATION_GELU());
    detr4j_activation_gradient.dy(p, Pointers.to(dy));
    detr4j_activation_gradient.dy_row_stride(p, dy.rowStride());
    detr4j_activation_gradient.dy_batch_stride(p, dy.batchStride());
    detr4j_activation_gradient.at(p, Pointers.to(at));
    detr4j_activation_gradient.at_row_stride(p, at.rowStride());
    detr4j_activation_gradient.at_batch_stride(p, at.batchStride());
    detr4j_activation_gradient.dz(p, Pointers.to(dz));
    detr4j_activation_gradient.dz_row_stride(p, dz.rowStride());
    detr4j_activation_gradient.dz_batch_stride(p, dz.batchStride());
    return TileKernel.phase(
        node,
        p,
        Detr4jAbi.detr4j_activation_gradient_f32_tiles(p),
        0,
        (parameters, tile, scratch) -> Detr4jAbi.detr4j_activation_gradient_f32(parameters, tile));
  }
}
